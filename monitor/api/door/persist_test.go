package door

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/monitor/api/door/doortest"
)

// A failure is told once, and what comes after it is tried all the same.
func TestPersist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelInfo}))
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		begun, tries := time.Now(), 0
		Persist(ctx, time.Minute, func() error {
			tries++
			switch tries {
			case 1, 2:
				return errors.New("taken")
			case 3:
				return errors.New("no certificate")
			}
			return nil
		}, "no port", log)
		if tries != 4 || time.Since(begun) != 3*time.Minute {
			t.Errorf("%d tries in %v", tries, time.Since(begun))
		}
		if got := said.String(); strings.Count(got, "taken") != 1 || strings.Count(got, "no certificate") != 1 || strings.Count(got, "no port") != 2 {
			t.Errorf("the log: %s", got)
		}
		Persist(ctx, time.Hour, func() error { cancel(); return errors.New("it ends") }, "no port", log)
		if strings.Contains(said.String(), "it ends") {
			t.Error("the end is told as a failure")
		}
	})
}

func TestServeListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end := doortest.Run(t, func(ctx context.Context) error { return ServeListener(ctx, l, word, quiet) })
	if _, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+l.Addr().String()+"/")); body != "word" {
		t.Errorf("%q", body)
	}
	end()
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("the port is still there")
	}
}
