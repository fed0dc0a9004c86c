package sinktest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS is a server in the test's process, with JetStream on disk.
type NATS struct {
	URL    string
	Root   []nats.Option  // what the test itself connects with
	Server *server.Server // the one that runs, or ran last

	t    testing.TB
	opts *server.Options
}

// StartNATS starts a server. change may change its options; nil leaves them.
func StartNATS(t testing.TB, change func(*server.Options)) *NATS {
	t.Helper()
	port, err := strconv.Atoi(FreePorts(t, 1)[0]) // one that is free again after Stop
	if err != nil {
		t.Fatal(err)
	}
	s := &NATS{t: t, opts: &server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}}
	if change != nil {
		change(s.opts)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start starts it again after Stop, with what its streams had.
func (s *NATS) Start() {
	s.t.Helper()
	opts := *s.opts
	srv, err := server.NewServer(&opts)
	if err != nil {
		s.t.Fatal(err)
	}
	go srv.Start()
	if !srv.ReadyForConnections(startLimit) {
		s.t.Fatal("the NATS server does not start")
	}
	s.Server = srv
	s.URL = "nats://" + srv.Addr().String()
}

// Stop ends it.
func (s *NATS) Stop() {
	s.Server.Shutdown()
	s.Server.WaitForShutdown()
}

// With runs f on a connection of the test's own.
func (s *NATS) With(f func(ctx context.Context, js jetstream.JetStream) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	nc, err := nats.Connect(s.URL, append(slices.Clone(s.Root), nats.Timeout(startLimit))...) // the library's own limit is 2 s
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err == nil {
		err = f(ctx, js)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// MakeStream makes the stream ALARMS as its owner does, but for the duplicate
// window.
func (s *NATS) MakeStream(window time.Duration) {
	s.t.Helper()
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: "ALARMS", Subjects: []string{"perfmon.alarm.v1.>"}, Duplicates: window, MaxAge: 7 * 24 * time.Hour, MaxMsgSize: 100_000,
		})
		return err
	})
}

// Messages are all that the stream ALARMS has, in order.
func (s *NATS) Messages() (out []*jetstream.RawStreamMsg) {
	s.t.Helper()
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		stream, err := js.Stream(ctx, "ALARMS")
		if err != nil {
			return err
		}
		for i := uint64(1); i <= stream.CachedInfo().State.LastSeq; i++ {
			m, err := stream.GetMsg(ctx, i)
			if err != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
			out = append(out, m)
		}
		return nil
	})
	return out
}
