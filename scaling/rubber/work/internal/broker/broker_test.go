package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"perfmon/scaling/rubber/work"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// strange is a server that is no broker: it says something, and no more.
func strange(t *testing.T, says string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	end := make(chan struct{})
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer c.Close()
				_, _ = c.Write([]byte(says))
				<-end
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		close(end)
		wait.Wait()
	})
	return l.Addr().String()
}

func TestDialStrangers(t *testing.T) {
	f := func(says string) {
		t.Helper()
		one, two := strange(t, says), strange(t, says)
		for _, scheme := range []string{"amqp://", "amqps://"} {
			b := work.Broker{URLs: []string{scheme + "u:hunter2@" + one, scheme + "u:hunter2@" + two}, Timeout: 200 * time.Millisecond}
			_, err := Dial(t.Context(), b, "test")
			// Each of them has been tried.
			if err == nil || work.KindOf(err) != work.Away || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), one) || !strings.Contains(err.Error(), two) {
				t.Errorf("%q, %s: %v", says, scheme, err)
			}
		}
	}
	f("")
	f("HTTP/1.1 400 Bad Request\r\n\r\n")
	f("AMQP\x00\x01\x00\x00")
	f("\x01\x00\x00\xff\xff\xff\xff" + strings.Repeat("x", 10_000))
	f(strings.Repeat("\x00", 10_000))
}

func TestDialCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Dial(ctx, work.Broker{URLs: []string{"amqp://" + strange(t, "")}, Timeout: time.Hour}, "test")
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Dial(t.Context(), work.Broker{}, "test"); err == nil {
		t.Error("no broker at all")
	}
}

func TestClasses(t *testing.T) {
	a := work.Address{Vhost: "a/b"}
	f := func(err error, want string) {
		t.Helper()
		if got := refusal(err, a); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%v: %q", err, got)
		}
	}
	f(amqp.ErrCredentials, "user and password")
	f(amqp.ErrVhost, `vhost "a/b"`)
	f(errors.Join(context.DeadlineExceeded, amqp.ErrCredentials), "")
	f(&amqp.Error{Code: 530, Reason: "NOT_ALLOWED"}, `vhost "a/b"`)
	f(&tls.CertificateVerificationError{Err: errors.New("x")}, "authority")
	f(tls.AlertError(42), "our certificate")
	f(net.ErrClosed, "")

	if err := Wrap("look at", "q", &amqp.Error{Code: 403}); work.KindOf(err) != work.Auth {
		t.Error(err)
	}
	if err := Wrap("look at", "q", net.ErrClosed); work.KindOf(err) != work.Away || !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	before := &work.Error{Kind: work.Garbled}
	if err := Wrap("look at", "q", before); err != before {
		t.Error(err)
	}
	if err := Wrap("look at", "q", nil); err != nil {
		t.Error(err)
	}
}
