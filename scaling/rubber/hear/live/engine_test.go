package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"perfmon/alarm"
	"perfmon/alarm/sink/nats"
	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/hear"
)

var _ hear.Bus = (*engine.Engine)(nil)

// bus is a connection as an engine has it.
type bus struct{ nc *natsgo.Conn }

func (b *bus) JetStream(context.Context) (jetstream.JetStream, error) {
	if b.nc == nil {
		return nil, errors.New("the lock is another's")
	}
	return jetstream.New(b.nc)
}

func connect(t testing.TB, s *sinktest.NATS) *bus {
	t.Helper()
	nc, err := natsgo.Connect(s.URL, natsgo.MaxReconnects(-1), natsgo.ReconnectWait(10*time.Millisecond), natsgo.IgnoreAuthErrorAbort())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return &bus{nc}
}

// makeStreams makes the streams as an engine does.
func makeStreams(s *sinktest.NATS) {
	s.MakeStream(24 * time.Hour)
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: engine.StateStream, Mirror: &jetstream.StreamSource{Name: engine.AlarmStream}, MaxMsgsPerSubject: 1})
		return err
	})
}

// mirrored waits until the mirror has everything.
func mirrored(s *sinktest.NATS, n uint64) {
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		for {
			stream, err := js.Stream(ctx, engine.StateStream)
			if err != nil {
				return err
			}
			if last := stream.CachedInfo().State.LastSeq; last >= n {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the mirror has not got message %d: %w", n, ctx.Err())
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
}

// agent is what an agent publishes with.
func agent(t testing.TB, s *sinktest.NATS) *nats.Sink {
	t.Helper()
	sink, err := nats.New(nats.Options{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sink.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sink
}

func deliver(t testing.TB, s interface {
	Deliver(context.Context, []*alarm.Event) (int, error)
}, events ...*alarm.Event) {
	t.Helper()
	if n, err := s.Deliver(t.Context(), events); n != len(events) || err != nil {
		t.Fatalf("%d of %d: %v", n, len(events), err)
	}
}

func send(t testing.TB, s interface {
	Heartbeat(ctx context.Context, route, id string, event []byte) error
}, h *alarm.Heartbeat) {
	t.Helper()
	if err := s.Heartbeat(t.Context(), h.Route(), h.EventID(), text(t, h)); err != nil {
		t.Fatal(err)
	}
}

// TestEngine: what a real agent's driver has published before, and publishes
// now, is known; the server restarts in the middle.
func TestEngine(t *testing.T) {
	s := sinktest.StartNATS(t, nil)
	makeStreams(s)
	now := time.Now()
	a := agent(t, s)
	deliver(t, a, overload(alarm.KindRaised, 1, now), overload(alarm.KindCleared, 2, now), overload(alarm.KindRaised, 3, now))
	deliver(t, a, event(alarm.KindRaised, "sr", ssd, "physical_utilisation", 4, now))
	mirrored(s, 4)

	h := listen(t, hear.Options{}, hear.FromEngine(connect(t, s)))
	v := h.until("what was before is known", func(v hear.View) bool { return v.Complete })
	if host := v.Host(hostA); host == nil || host.Contended != hear.Bad || !host.Silent || len(v.Storage) != 1 || v.Storage[0].Full != hear.Bad {
		t.Errorf("%+v", v)
	}
	if c := h.Counts(); c[hear.Raised] != 2 || c[hear.Cleared] != 0 {
		t.Errorf("the past is not read from the state: %v", c)
	}
	send(t, a, beat(1, now))
	h.until("the agent lives", func(v hear.View) bool { return !v.Host(hostA).Silent })
	deliver(t, a, overload(alarm.KindCleared, 5, now))
	h.until("it is fine", contended(hear.Fine))

	s.Stop()
	h.until("the loss is noticed", func(v hear.View) bool { return !v.Complete && !v.Drivers[0].Connected && v.Drivers[0].Err != "" })
	s.Start()
	h.until("all is known again", func(v hear.View) bool { return v.Complete })
	deliver(t, a, overload(alarm.KindRaised, 6, now))
	h.until("it fires again", contended(hear.Bad))
	if err := a.Announce(t.Context(), []*alarm.Event{overload(alarm.KindState, 6, now)}); err != nil {
		t.Fatal(err)
	}
	h.until("it is confirmed", func(hear.View) bool { return h.Counts()[hear.Confirmed] == 1 })
	send(t, a, beat(2, now.Add(time.Second)))
	h.until("a heartbeat after the restart", func(hear.View) bool { return h.Counts()[hear.Beat]+h.Counts()[hear.Woken] == 2 })

	// What others publish there does no harm.
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.Publish(ctx, "perfmon.alarm.v1.x.host.x.x", []byte("{"))
		return err
	})
	h.until("it is counted", func(hear.View) bool { return h.Counts()[hear.Malformed] == 1 })
}

// TestEngineBehind: what the mirror has not got yet is read from the original.
func TestEngineBehind(t *testing.T) {
	s := sinktest.StartNATS(t, nil)
	s.MakeStream(24 * time.Hour)
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		// A state that stays behind: no mirror at all.
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: engine.StateStream, Subjects: []string{"nothing"}})
		return err
	})
	a := agent(t, s)
	deliver(t, a, overload(alarm.KindRaised, 1, time.Now()))
	h := listen(t, hear.Options{}, hear.FromEngine(connect(t, s)))
	v := h.until("it is complete", func(v hear.View) bool { return v.Complete })
	if !contended(hear.Bad)(v) {
		t.Errorf("%+v", v)
	}
}

// TestEngineAnew: a stream of alarms that was made anew begins its numbers again.
func TestEngineAnew(t *testing.T) {
	s := sinktest.StartNATS(t, nil)
	s.MakeStream(24 * time.Hour)
	s.With(func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: engine.StateStream, Subjects: []string{"old.>"}})
		for range 10 {
			if err == nil {
				_, err = js.Publish(ctx, "old.x", text(t, overload(alarm.KindCleared, 1, time.Now())))
			}
		}
		return err
	})
	a := agent(t, s)
	deliver(t, a, overload(alarm.KindRaised, 2, time.Now()))
	h := listen(t, hear.Options{}, hear.FromEngine(connect(t, s)))
	h.until("the new stream is read", func(v hear.View) bool { return v.Complete && contended(hear.Bad)(v) })
	deliver(t, a, overload(alarm.KindCleared, 3, time.Now()))
	h.until("and followed", func(v hear.View) bool { return len(v.Host(hostA).Alarms) == 0 })
}

// TestEngineAway: what an engine is waiting for is said.
func TestEngineAway(t *testing.T) {
	h := listen(t, hear.Options{}, hear.FromEngine(&bus{}))
	v := h.until("the reason is known", func(v hear.View) bool { return strings.Contains(v.Drivers[0].Err, "the lock") })
	if v.Complete || v.Drivers[0].Connected {
		t.Errorf("%+v", v)
	}
	s := sinktest.StartNATS(t, nil)
	h = listen(t, hear.Options{}, hear.FromEngine(connect(t, s)))
	h.until("the stream is missed", func(v hear.View) bool { return strings.Contains(v.Drivers[0].Err, engine.StateStream) })
}

// TestNothing: without drivers there is nothing to wait for.
func TestNothing(t *testing.T) {
	if v := listen(t, hear.Options{}).View(); !v.Complete || len(v.Hosts) != 0 {
		t.Errorf("%+v", v)
	}
}

// TestRealEngine: an embedded engine, to which an agent of this machine
// publishes with the token that lies beside its store.
func TestRealEngine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "engine")
	e, err := engine.New(engine.Options{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	h := listen(t, hear.Options{}, hear.FromEngine(e))
	h.until("the engine is there", func(v hear.View) bool { return v.Complete })
	js, err := e.JetStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(dir, "token"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := nats.New(nats.Options{URLs: []string{"nats://" + js.Conn().ConnectedAddr()}, Token: strings.TrimSpace(string(token))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	send(t, a, beat(1, time.Now()))
	deliver(t, a, overload(alarm.KindRaised, 1, time.Now()))
	v := h.until("the alarm is heard", contended(hear.Bad))
	if v.Host(hostA).Silent {
		t.Errorf("%+v", v)
	}
}
