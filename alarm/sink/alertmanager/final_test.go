package alertmanager

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
)

// Whatever fails on the way, before or after the server has read it, each
// peer has the right alerts in the end: once it answers again, what fires has
// been announced, and what nobody could end has outlived its time. That holds
// also for what a full queue has dropped, be it the last word on an alarm.
func TestFinalStateIsRight(t *testing.T) {
	c := newClock()
	peers := []*fake{newFake(t, c.now), newFake(t, c.now)}
	rapid.Check(t, func(rt *rapid.T) {
		for _, p := range peers {
			p.alerts, p.posts = map[string]alert{}, nil
		}
		s, err := New(Options{URLs: []string{peers[0].URL, peers[1].URL}})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close(t.Context())
		s.now = c.now

		// Three alarms, their transitions in a queue as the outbox keeps it.
		now := map[alarm.ID]*alarm.Event{}
		sequence := int64(0)
		var queue []*alarm.Event
		ids := []alarm.ID{{Class: "vm", UUID: "1", Variable: "a"}, {Class: "vm", UUID: "2", Variable: "a"}, {Class: "sr", UUID: "1", Variable: "b"}}
		happen := func() {
			id := rapid.SampledFrom(ids).Draw(rt, "alarm")
			kind := rapid.SampledFrom([]alarm.Kind{alarm.KindRaised, alarm.KindRaised, alarm.KindNoData, alarm.KindCleared}).Draw(rt, "kind")
			sequence++
			e := &alarm.Event{
				ID: id, Kind: kind, HostUUID: "h", Epoch: "1", Sequence: sequence, TTL: 180,
				Name:  rapid.SampledFrom([]string{"old", "new"}).Draw(rt, "name"),
				State: "firing", Severity: rapid.SampledFrom(severities).Draw(rt, "severity"), Time: c.now().Unix(),
			}
			switch kind {
			case alarm.KindNoData:
				e.State = "nodata"
			case alarm.KindCleared:
				if now[id] == nil {
					return
				}
				e.State = "inactive"
			}
			if now[id] = e; kind == alarm.KindCleared {
				delete(now, id)
			}
			queue = append(queue, e)
		}
		announce := func() error {
			var events []*alarm.Event
			for _, id := range ids {
				if e := now[id]; e != nil {
					state := *e
					state.Kind, state.Announce, state.Time = alarm.KindState, 1, c.now().Unix()
					events = append(events, &state)
				}
			}
			return s.Announce(t.Context(), events)
		}
		flush := func() {
			n, _ := s.Deliver(t.Context(), queue[:rapid.IntRange(0, len(queue)).Draw(rt, "batch")])
			queue = queue[n:]
		}
		dropped := false
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			for _, p := range peers {
				p.reply(rapid.SampledFrom([]int{200, 200, 503, hangUp}).Draw(rt, "status"), rapid.Bool().Draw(rt, "keep"))
			}
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				happen()
			case 2:
				flush()
			case 3:
				_ = announce()
			case 4:
				if len(queue) > 0 {
					queue, dropped = queue[1:], true
				}
			}
			c.add(time.Duration(rapid.IntRange(1, 70).Draw(rt, "wait")) * time.Second)
		}
		for _, p := range peers {
			p.reply(200, true)
		}
		if n, err := s.Deliver(t.Context(), queue); err != nil || n != len(queue) {
			rt.Fatalf("taken %d of %d: %v", n, len(queue), err)
		}
		if dropped {
			c.add(DefaultTTL)
		}
		if err := announce(); err != nil {
			rt.Fatal(err)
		}
		if err := s.Heartbeat(t.Context(), "h", ""); err != nil {
			rt.Fatal(err)
		}
		var want []string
		for _, e := range now {
			want = append(want, fmt.Sprint(e.ID, " ", e.Severity, " ", noData(e)))
		}
		slices.Sort(want)
		for i, p := range peers {
			var got []string
			for _, a := range p.alerts {
				if a.EndsAt.After(c.now()) && a.Labels["severity"] != "none" {
					id := alarm.ID{Class: a.Labels["class"], UUID: a.Labels["uuid"], Variable: a.Labels["alertname"]}
					got = append(got, fmt.Sprint(id, " ", a.Labels["severity"], " ", a.Labels["state"] == "nodata"))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				rt.Fatalf("peer %d has %q, want %q", i, got, want)
			}
		}
	})
}
