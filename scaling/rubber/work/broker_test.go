package work

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	f := func(raw string, want Address, text, management string) {
		t.Helper()
		got, err := Broker{URLs: []string{raw}}.Addresses()
		if err != nil || got[0] != want {
			t.Errorf("%q: %+v, %v; want %+v", raw, got, err, want)
			return
		}
		if got[0].String() != text || got[0].Management() != management {
			t.Errorf("%q: %s, %s", raw, got[0], got[0].Management())
		}
		again, err := Broker{URLs: []string{got[0].String()}, Username: want.User, Password: want.Password}.Addresses()
		if err != nil || again[0] != want {
			t.Errorf("%q read again: %+v, %v", got[0], again, err)
		}
	}
	f("amqp://h", Address{Host: "h", Port: "5672", Vhost: "/", User: "guest", Password: "guest"}, "amqp://h:5672/%2F", "http://h:15672")
	f("amqp://h/", Address{Host: "h", Port: "5672", Vhost: "/", User: "guest", Password: "guest"}, "amqp://h:5672/%2F", "http://h:15672")
	f("amqp://localhost//", Address{Host: "localhost", Port: "5672", Vhost: "/", User: "guest", Password: "guest"}, "amqp://localhost:5672/%2F", "http://localhost:15672")
	f("amqp://bob:pw@host/%2F", Address{Host: "host", Port: "5672", Vhost: "/", User: "bob", Password: "pw"}, "amqp://host:5672/%2F", "http://host:15672")
	f("amqps://bob:p%40w%2F@host:99/a%2Fb%25c", Address{TLS: true, Host: "host", Port: "99", Vhost: "a/b%c", User: "bob", Password: "p@w/"}, "amqps://host:99/a%2Fb%25c", "https://host:15671")
	f("amqps://b@[2001:db8::1]/x", Address{TLS: true, Host: "2001:db8::1", Port: "5671", Vhost: "x", User: "b"}, "amqps://[2001:db8::1]:5671/x", "https://[2001:db8::1]:15671")
	f("amqp://b:@[::1]:7//x", Address{Host: "::1", Port: "7", Vhost: "/x", User: "b"}, "amqp://[::1]:7/%2Fx", "http://[::1]:15672")

	both, err := Broker{URLs: []string{"amqp://a:b@h1/v", "amqp://h2/v"}, Username: "u", Password: "p"}.Addresses()
	if err != nil || len(both) != 2 || both[0].User != "u" || both[1].Password != "p" {
		t.Errorf("a user for all: %+v, %v", both, err)
	}
}

func TestWrongBrokers(t *testing.T) {
	f := func(b Broker, want string) {
		t.Helper()
		_, err := b.Addresses()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v instead of %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret in %v", err)
		}
	}
	url := func(raw ...string) Broker { return Broker{URLs: raw} }
	f(url(), "name at least one broker")
	for _, raw := range []string{"", "hunter2", "hunter2:5672", "http://u:hunter2@h", "amqp:///hunter2", "amqp://u:hunter2@:5672/", "amqp://u:hun%ter2@h", "amqp://u:hunter2 @h/", "amqp://[::1/hunter2",
		"pyamqp://u:hunter2@h//", "amqp://u:hunter2@h:x/"} {
		f(url(raw), "url 1: not of the form amqp://")
	}
	f(url("amqp://u:hunter2@h/?heartbeat=3"), "behind ? or #")
	f(url("amqp://u:hunter2@h/v#x"), "behind ? or #")
	f(url("amqp://u:hunter2@h:0/"), "from 1 to 65535")
	f(url("amqp://u:hunter2@h:65536/"), "from 1 to 65535")
	f(url("amqp://h/"+strings.Repeat("v", 256)), "longer than 255")
	f(url("amqp://h/a", "amqp://h/b"), "url 2: another vhost")
	f(Broker{URLs: []string{"amqp://h"}, Timeout: -1}, "negative")
	f(Broker{URLs: []string{"amqp://h"}, KeepAlive: time.Millisecond}, "keep-alive")
	f(Broker{URLs: []string{"amqp://h"}, External: true}, "client certificate")
	f(Broker{URLs: []string{"amqps://h"}, External: true, TLS: &tls.Config{}}, "client certificate")
	f(Broker{URLs: []string{"amqps://u@h"}, External: true, TLS: &tls.Config{Certificates: make([]tls.Certificate, 1)}}, "keep one")
}

func TestBrokerHidesSecrets(t *testing.T) {
	b := Broker{URLs: []string{"amqp://bob:hunter2@h/v"}, Username: "bob", Password: "hunter2"}
	for _, text := range []string{fmt.Sprint(b), fmt.Sprintf("%v %+v %#v", b, b, b), b.LogValue().String(), Broker{URLs: []string{"x://bob:hunter2@h"}}.String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "bob") {
			t.Errorf("a secret in %s", text)
		}
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("dial: refused")
	err := fmt.Errorf("look: %w", &Error{Kind: Auth, Op: "look at queue", Name: "q", Err: cause, Hint: "ask for it"})
	if KindOf(err) != Auth || !errors.Is(err, cause) || KindOf(cause) != Away {
		t.Error(KindOf(err), KindOf(cause))
	}
	if got := err.Error(); got != `look: look at queue "q": auth: dial: refused (ask for it)` {
		t.Error(got)
	}
	for i, k := range Kinds() {
		if int(k) != i || i > 0 && k.String() == Away.String() {
			t.Errorf("kind %d: %s", i, k)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	for _, raw := range []string{"amqp://h", "amqps://u:p@[::1]:5/a%2Fb", "amqp://h//", "amqp://%41/?"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		list, err := Broker{URLs: []string{raw}}.Addresses()
		if err != nil {
			return
		}
		a := list[0]
		again, err := Broker{URLs: []string{a.String()}, Username: a.User, Password: a.Password}.Addresses()
		if a.User != "" && (err != nil || again[0] != a) {
			t.Errorf("%q: %+v, again %+v, %v", raw, a, again, err)
		}
	})
}
