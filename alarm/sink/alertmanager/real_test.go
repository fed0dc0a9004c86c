//go:build integration

package alertmanager

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/alarm/sink/sinktest"
)

// real is an Alertmanager from the Debian package.
type real struct {
	*sinktest.Alertmanager
	t *testing.T
}

func startReal(t *testing.T, notify string) *real {
	t.Helper()
	return &real{sinktest.StartAlertmanager(t, notify), t}
}

// until waits for a condition of another process, which has no channel.
func (r *real) until(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(r.Dir, "log"))
	r.t.Fatalf("waited in vain until %s; it shows %q\n%s", what, r.firing(), log)
}

// firing lists what Alertmanager's own API has as active, each as
// alertname/severity/name.
func (r *real) firing() []string {
	alerts, err := r.Active()
	if err != nil {
		return []string{err.Error()}
	}
	out := []string{}
	for _, a := range alerts {
		out = append(out, a.Labels["alertname"]+"/"+a.Labels["severity"]+"/"+a.Labels["name"])
	}
	slices.Sort(out)
	return out
}

func (r *real) expect(want ...string) {
	r.t.Helper()
	r.until("it shows "+strings.Join(want, " "), func() bool { return slices.Equal(r.firing(), want) })
}

// notices collects what the Alertmanagers tell their receivers.
type notices struct {
	*httptest.Server
	mu   sync.Mutex
	said []string // alertname/severity/status
}

func newNotices(t *testing.T) *notices {
	n := &notices{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var note struct {
			Alerts []struct {
				Status string            `json:"status"`
				Labels map[string]string `json:"labels"`
			} `json:"alerts"`
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it was stopped in the middle
		}
		if err := json.Unmarshal(body, &note); err != nil {
			t.Error(err)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, a := range note.Alerts {
			n.said = append(n.said, a.Labels["alertname"]+"/"+a.Labels["severity"]+"/"+a.Status)
		}
	}))
	t.Cleanup(n.Close)
	return n
}

func (n *notices) count(what string) (times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.said {
		if s == what {
			times++
		}
	}
	return times
}

// lives is a time that a test can wait for. What has to be there for longer is
// announced again and again, as an agent does.
const lives = 12 * time.Second

// live makes the example event one of now that lives so long.
func live(change func(*alarm.Event)) *alarm.Event {
	return sinkcheck.As(func(e *alarm.Event) {
		e.Time, e.TTL = time.Now().Unix()-1, int64(lives/time.Second)
		e.Since = e.Time - 60
		change(e)
	})
}

// announcer announces what fires on while a test waits.
type announcer struct {
	t     *testing.T
	s     *Sink
	fires []func(*alarm.Event)
	beats bool // it sends heartbeats too
	n     int64
	last  time.Time
	most  time.Duration // between two announcements
}

// say announces alone what fires from now on.
func (a *announcer) say(fires ...func(*alarm.Event)) { a.fires = fires }

func (a *announcer) announce() {
	a.t.Helper()
	a.n++
	var events []*alarm.Event
	for _, change := range a.fires {
		events = append(events, live(func(e *alarm.Event) {
			e.Kind, e.Announce = alarm.KindState, a.n
			change(e)
		}))
	}
	err := a.s.Announce(a.t.Context(), events)
	if a.beats {
		err = errors.Join(err, a.s.Heartbeat(a.t.Context(), sinkcheck.HostUUID, "xen-1"))
	}
	if err != nil {
		a.t.Log(err) // it says so again next time
		return
	}
	if now := time.Now(); a.last.IsZero() {
		a.last = now
	} else {
		a.most, a.last = max(a.most, now.Sub(a.last)), now
	}
}

func TestRealAlertmanager(t *testing.T) {
	notices := newNotices(t)
	a, b := startReal(t, notices.URL), startReal(t, notices.URL)
	s := newSink(t, Options{URLs: []string{a.URL, b.URL}, TTL: lives})
	agent := &announcer{t: t, s: s}
	until := func(what string, ok func() bool) {
		t.Helper()
		a.until(what, func() bool { agent.announce(); return ok() })
	}
	only := func(r *real, want ...string) {
		t.Helper()
		until(r.URL+" shows "+strings.Join(want, " "), func() bool { return slices.Equal(r.firing(), want) })
	}
	both := func(want ...string) {
		t.Helper()
		until("both show "+strings.Join(want, " "), func() bool { return slices.Equal(a.firing(), want) && slices.Equal(b.firing(), want) })
	}
	told := func(what string, times int) {
		t.Helper()
		until("its receiver is told of "+what, func() bool { return notices.count(what) >= times })
	}

	warning := func(e *alarm.Event) { e.Severity = alarm.Warning }
	deliver(t, s, live(warning))
	agent.say(func(e *alarm.Event) { warning(e); e.Name = "renamed" })
	both("cpu_usage/warning/web-07")
	told("cpu_usage/warning/firing", 2)

	// Re-sent for longer than its time to live, it fires on.
	end := time.Now().Add(lives + 2*time.Second)
	for time.Now().Before(end) {
		both("cpu_usage/warning/web-07")
		time.Sleep(200 * time.Millisecond)
	}
	// A machine that stood still for longer has ended it with good reason.
	if got := notices.count("cpu_usage/warning/resolved"); got != 0 && agent.most < lives-2*time.Second {
		t.Errorf("%d times resolved in between, although it was announced each %v at least", got, agent.most)
	}

	load := func(e *alarm.Event) { e.Sequence, e.Variable = 9, "host_load" }
	critical := func(e *alarm.Event) { e.Sequence = 8 }
	deliver(t, s, live(critical))
	agent.say(critical)
	both("cpu_usage/critical/web-07")
	told("cpu_usage/critical/firing", 2)

	// One Alertmanager restarts and has forgotten everything; while it is
	// away, the other one is told for both.
	b.Stop()
	deliver(t, s, live(load))
	agent.say(critical, load)
	only(a, "cpu_usage/critical/web-07", "host_load/critical/web-07")
	b.Start()
	both("cpu_usage/critical/web-07", "host_load/critical/web-07")

	clear := func(e *alarm.Event) {
		e.Kind, e.State, e.Sequence, e.Since, e.Reason = alarm.KindCleared, "inactive", 10, 0, alarm.ReasonLevel
	}
	deliver(t, s, live(clear))
	agent.say(load)
	both("host_load/critical/web-07")
	told("cpu_usage/critical/resolved", 1)
	agent.say()
	both() // the other one ends by itself: nobody announces it

	// Both are away: the transition waits, and the last state counts.
	a.Stop()
	b.Stop()
	fires := live(func(e *alarm.Event) { e.Sequence = 11 })
	n, err := s.Deliver(t.Context(), []*alarm.Event{fires})
	var r *alarm.Refused
	if n != 0 || err == nil || errors.As(err, &r) {
		t.Fatalf("nobody was there, and %d are taken: %v", n, err)
	}
	a.Start()
	b.Start()
	last := func(e *alarm.Event) { e.Sequence, e.Severity = 13, alarm.Warning }
	deliver(t, s, fires, live(func(e *alarm.Event) { clear(e); e.Sequence = 12 }), live(last))
	agent.say(last)
	both("cpu_usage/warning/web-07")
	deliver(t, s, live(func(e *alarm.Event) { clear(e); e.Sequence = 14 }))
	agent.say()
	both()

	agent.beats = true
	both("PerfmonHeartbeat/none/xen-1")
	told("PerfmonHeartbeat/none/firing", 2)
	agent.beats = false
	both()
	told("PerfmonHeartbeat/none/resolved", 2) // its receiver knows that the host has fallen silent
}

// What the sink relies on when one alert of many is bad.
func TestRealAlertmanagerKeepsTheGoodOfABadRequest(t *testing.T) {
	a := startReal(t, newNotices(t).URL)
	s := newSink(t, Options{URLs: []string{a.URL}})
	now := time.Now()
	good := s.alert(sinkcheck.Raised(), map[string]string{"alertname": "good"}, now, now.Add(10*time.Minute))
	bad := s.alert(sinkcheck.Raised(), map[string]string{"alertname": "bad"}, now, now.Add(-time.Minute))
	if err := s.send(t.Context(), []alert{bad, good}); !refused(err) || !strings.Contains(err.Error(), "start time must be before end time") {
		t.Fatalf("an end before its beginning: %v", err)
	}
	a.expect("good//")
}
