package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams of alarms and what is in them, as agents publish it.
const (
	AlarmStream = "ALARMS"      // all events of the last days
	StateStream = "ALARM_STATE" // the newest event of each alarm

	alarmSubjects     = "perfmon.alarm.v1.>"
	heartbeatSubjects = "perfmon.heartbeat.v1.>" // in no stream

	alarmAge       = 7 * 24 * time.Hour
	alarmWindow    = 24 * time.Hour // in which an event that is sent again is known by its id
	maxAlarmSize   = 256 << 10
	stateShare     = 4                // the present state may have this part of the bytes
	callTimeout    = 10 * time.Second // of one question to the server
	oldestJSServer = "2.11.0"         // the first whose delete markers end by themselves
)

// alarmStreams are the streams as they have to be.
func alarmStreams(o *Options) []jetstream.StreamConfig {
	return []jetstream.StreamConfig{
		{
			Name: AlarmStream, Description: "alarms of perfmon's agents", Subjects: []string{alarmSubjects},
			MaxAge: alarmAge, Duplicates: alarmWindow, MaxBytes: o.AlarmBytes, MaxMsgSize: maxAlarmSize,
			Replicas: o.Replicas, AllowDirect: true,
		},
		{
			Name: StateStream, Description: "the newest event of each alarm", Mirror: &jetstream.StreamSource{Name: AlarmStream},
			MaxMsgsPerSubject: 1, MaxAge: alarmAge, MaxBytes: o.AlarmBytes / stateShare, MaxMsgSize: maxAlarmSize,
			Replicas: o.Replicas, AllowDirect: true, MirrorDirect: true,
		},
	}
}

func ensureStreams(ctx context.Context, js jetstream.JetStream, o *Options) error {
	for _, want := range alarmStreams(o) {
		if _, err := ensureStream(ctx, js, want); err != nil {
			return err
		}
	}
	return nil
}

// ensureStream makes a stream, or changes the one that is there in what
// matters to us.
func ensureStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) (jetstream.Stream, error) {
	if v := js.Conn().ConnectedServerVersion(); v != "" && older(v, oldestJSServer) {
		return nil, &final{fmt.Errorf("the NATS server is version %s: it has to be %s or newer", v, oldestJSServer)}
	}
	s, err := js.Stream(ctx, want.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		want.Replicas = max(want.Replicas, 1)
		s, err = js.CreateStream(ctx, want)
		if err == nil {
			return s, nil
		}
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil, fmt.Errorf("make stream %s: %w", want.Name, err) // by another instance, this instant
		}
		return nil, explain(ctx, js, want, err)
	case err != nil:
		return nil, fmt.Errorf("look for stream %s: %w", want.Name, err)
	}
	have := s.CachedInfo().Config
	if text := cannotBe(have, want); text != "" {
		return nil, &final{fmt.Errorf("stream %s %s, which cannot be changed: remove it with what it keeps (nats stream rm %s), and it is made anew", want.Name, text, want.Name)}
	}
	merged, differs := merge(have, want)
	if !differs {
		return s, nil
	}
	if s, err = js.UpdateStream(ctx, merged); err != nil {
		return nil, explain(ctx, js, want, err)
	}
	return s, nil
}

// explain says what an error in making a stream is about. What the server
// refuses by its rules it will refuse again.
func explain(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig, err error) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("make stream %s: %w", want.Name, err)
	}
	if strings.Contains(api.Description, "overlap") {
		other, e := js.StreamNameBySubject(ctx, want.Subjects[0])
		if e != nil {
			other = "another stream"
		}
		return &final{fmt.Errorf("make stream %s: %s has its subjects already (%s): take %s out of that one", want.Name, other, api.Description, want.Subjects[0])}
	}
	err = fmt.Errorf("make stream %s as perfmon needs it: %w", want.Name, err)
	if api.Code >= 500 { // not now
		return err
	}
	return &final{err}
}

// cannotBe says what differs and cannot be changed.
func cannotBe(have, want jetstream.StreamConfig) string {
	switch {
	case have.Storage != want.Storage:
		return "keeps its messages in memory only"
	case have.Retention != want.Retention:
		return fmt.Sprintf("has the retention %q", have.Retention)
	case have.Sealed:
		return "is sealed"
	case (have.Mirror == nil) != (want.Mirror == nil) || have.Mirror != nil && have.Mirror.Name != want.Mirror.Name:
		if want.Mirror != nil {
			return "is no mirror of " + want.Mirror.Name
		}
		return "is a mirror of " + have.Mirror.Name
	}
	return ""
}

// merge puts into the configuration that is there what we need and leaves the
// rest (placement, compression, its own metadata) as its operator has it.
func merge(have, want jetstream.StreamConfig) (jetstream.StreamConfig, bool) {
	differs := false
	if !slices.Equal(have.Subjects, want.Subjects) {
		have.Subjects, differs = want.Subjects, true
	}
	if want.Mirror == nil {
		change(&have.Duplicates, want.Duplicates, &differs)
	}
	change(&have.MaxAge, want.MaxAge, &differs)
	change(&have.MaxBytes, orUnlimited(want.MaxBytes), &differs)
	change(&have.MaxMsgs, orUnlimited(want.MaxMsgs), &differs)
	change(&have.MaxMsgSize, orUnlimited(want.MaxMsgSize), &differs)
	change(&have.MaxMsgsPerSubject, orUnlimited(want.MaxMsgsPerSubject), &differs)
	change(&have.Discard, want.Discard, &differs)
	change(&have.NoAck, want.NoAck, &differs)
	change(&have.AllowDirect, want.AllowDirect, &differs)
	change(&have.MirrorDirect, want.MirrorDirect, &differs)
	change(&have.AllowMsgTTL, want.AllowMsgTTL, &differs)
	change(&have.AllowRollup, want.AllowRollup, &differs)
	if want.Replicas > 0 {
		change(&have.Replicas, want.Replicas, &differs)
	}
	return have, differs
}

// orUnlimited is a limit as the server shows it.
func orUnlimited[T int32 | int64](v T) T {
	if v <= 0 {
		return -1
	}
	return v
}

func change[T comparable](have *T, want T, differs *bool) {
	if *have != want {
		*have, *differs = want, true
	}
}

// older compares versions such as 2.9.15 and 2.12.0-beta.1.
func older(version, than string) bool {
	parse := func(v string) (n [3]int) {
		fmt.Sscanf(v, "%d.%d.%d", &n[0], &n[1], &n[2])
		return n
	}
	a, b := parse(version), parse(than)
	return slices.Compare(a[:], b[:]) < 0
}
