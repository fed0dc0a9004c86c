package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"perfmon/alarm/sink/sinktest"
)

const subject = "perfmon.alarm.v1.host.vm.uuid.cpu_usage"

func TestStreams(t *testing.T) {
	ctx := within(t)
	e := run(t, Options{AlarmBytes: 8 << 20})
	js, err := e.JetStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		m := &nats.Msg{Subject: subject, Data: fmt.Append(nil, i)}
		for range 2 { // sent again: the same id
			if _, err := js.PublishMsg(ctx, m, jetstream.WithMsgID(fmt.Sprint("id", i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	history, err := js.Stream(ctx, AlarmStream)
	if err != nil {
		t.Fatal(err)
	}
	info := history.CachedInfo()
	if c := info.Config; info.State.Msgs != 3 || c.Duplicates != 24*time.Hour || c.MaxAge != 7*24*time.Hour || c.MaxBytes != 8<<20 {
		t.Fatalf("%+v", info)
	}
	state, err := js.Stream(ctx, StateStream)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the newest event alone in the mirror", func() bool {
		m, err := state.GetLastMsgForSubject(ctx, subject)
		info, err2 := state.Info(ctx)
		return err == nil && err2 == nil && string(m.Data) == "2" && info.State.Msgs == 1
	})
}

// Heartbeats are in no stream.
func TestHeartbeat(t *testing.T) {
	ctx := within(t)
	dir := t.TempDir() + "/engine"
	here, there := run(t, Options{Dir: dir}), run(t, Options{Dir: dir})
	a, err := here.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b, err := there.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := b.SubscribeSync("perfmon.heartbeat.v1.*")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.FlushWithContext(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Publish("perfmon.heartbeat.v1.host", []byte("alive")); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.NextMsgWithContext(ctx); err != nil || string(m.Data) != "alive" {
		t.Fatal(m, err)
	}
}

func TestExistingStreams(t *testing.T) {
	make := func(configs ...jetstream.StreamConfig) *sinktest.NATS {
		t.Helper()
		srv := sinktest.StartNATS(t, nil)
		srv.With(func(ctx context.Context, js jetstream.JetStream) error {
			for _, c := range configs {
				if _, err := js.CreateStream(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
		return srv
	}
	t.Run("changed", func(t *testing.T) {
		srv := make(jetstream.StreamConfig{Name: AlarmStream, Subjects: []string{"perfmon.alarm.>"}, MaxMsgs: 7, Description: "the operator's", Compression: jetstream.S2Compression})
		e := run(t, Options{URLs: []string{srv.URL}})
		if err := e.Wait(within(t)); err != nil {
			t.Fatal(err)
		}
		srv.With(func(ctx context.Context, js jetstream.JetStream) error {
			s, err := js.Stream(ctx, AlarmStream)
			if err != nil {
				return err
			}
			c := s.CachedInfo().Config
			if c.Subjects[0] != alarmSubjects || c.MaxMsgs != -1 || c.Duplicates != alarmWindow || c.Description != "the operator's" || c.Compression != jetstream.S2Compression {
				t.Errorf("%+v", c)
			}
			return nil
		})
		// And once more there is nothing to change.
		if err := run(t, Options{URLs: []string{srv.URL}}).Wait(within(t)); err != nil {
			t.Fatal(err)
		}
		if s := e.State(); !s.External || s.Owner || !s.Connected || s.Address == "" || s.Problem != "" {
			t.Errorf("%+v", s)
		}
	})
	refused := func(name, want string, configs ...jetstream.StreamConfig) {
		t.Run(name, func(t *testing.T) {
			e := run(t, Options{URLs: []string{make(configs...).URL}})
			if err := e.Wait(within(t)); err == nil || !strings.Contains(err.Error(), want) {
				t.Fatal(err)
			}
		})
	}
	refused("overlap", "OTHER has its subjects already", jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"perfmon.>"}})
	refused("in memory", "keeps its messages in memory only", jetstream.StreamConfig{Name: AlarmStream, Subjects: []string{alarmSubjects}, Storage: jetstream.MemoryStorage})
	refused("no mirror", "is no mirror of ALARMS", jetstream.StreamConfig{Name: StateStream, Subjects: []string{"x"}})
}

// Where we may not make streams, it is enough that they are there.
func TestStreamsOfOthers(t *testing.T) {
	var secret = t.TempDir() + "/password"
	if err := writeOwn(secret, []byte("secret\n")); err != nil {
		t.Fatal(err)
	}
	srv := sinktest.StartNATS(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "root", Password: "root"}, {Username: "us", Password: "secret", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.CREATE.>", "$JS.API.STREAM.UPDATE.>"}},
		}}}
	})
	srv.Root = []nats.Option{nats.UserInfo("root", "root")}
	e := run(t, Options{URLs: []string{srv.URL}, Login: Login{User: "us", PasswordFile: secret}})
	until(t, "the server's refusal", func() bool { return strings.Contains(e.State().Problem, "Permissions Violation") })
	srv.With(func(ctx context.Context, js jetstream.JetStream) error { return ensureStreams(ctx, js, &e.opts) })
	if err := e.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
}

func TestOlder(t *testing.T) {
	if !older("2.10.29", "2.11.0") || older("2.11.0", "2.11.0") || older("2.12.0-beta.1", "2.11.0") || older("3.0.0", "2.11.0") {
		t.Error("versions")
	}
}
