//go:build integration

package alertmanager

import (
	"encoding/json"
	"errors"
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
		if err := json.NewDecoder(r.Body).Decode(&note); err != nil {
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

// lives is a time that a test can wait for, and that a busy machine does not need
// to restart a server.
const lives = 12 * time.Second

// live makes the example event one of now that lives so long.
func live(change func(*alarm.Event)) *alarm.Event {
	return sinkcheck.As(func(e *alarm.Event) {
		e.Time, e.TTL = time.Now().Unix()-1, int64(lives/time.Second)
		e.Since = e.Time - 60
		change(e)
	})
}

func TestRealAlertmanager(t *testing.T) {
	notices := newNotices(t)
	a, b := startReal(t, notices.URL), startReal(t, notices.URL)
	s := newSink(t, Options{URLs: []string{a.URL, b.URL}, TTL: lives})
	both := func(want ...string) {
		t.Helper()
		a.expect(want...)
		b.expect(want...)
	}

	deliver(t, s, live(func(e *alarm.Event) { e.Severity = alarm.Warning }))
	both("cpu_usage/warning/web-07")
	a.until("its receiver knows", func() bool { return notices.count("cpu_usage/warning/firing") >= 2 })

	// Re-sent for longer than its time to live, it fires on.
	end := time.Now().Add(lives + 2*time.Second)
	for n := int64(1); time.Now().Before(end); n++ {
		if err := s.Announce(t.Context(), []*alarm.Event{live(func(e *alarm.Event) {
			e.Kind, e.Announce, e.Severity, e.Name = alarm.KindState, n, alarm.Warning, "renamed"
		})}); err != nil {
			t.Fatal(err)
		}
		both("cpu_usage/warning/web-07")
		time.Sleep(200 * time.Millisecond)
	}
	if got := notices.count("cpu_usage/warning/resolved"); got != 0 {
		t.Errorf("%d times resolved in between", got)
	}

	deliver(t, s, live(func(e *alarm.Event) { e.Sequence = 8 }))
	both("cpu_usage/critical/web-07")

	// One Alertmanager restarts and has forgotten everything; while it is
	// away, the other one is told for both.
	b.Stop()
	deliver(t, s, live(func(e *alarm.Event) { e.Sequence, e.Variable = 9, "host_load" }))
	a.expect("cpu_usage/critical/web-07", "host_load/critical/web-07")
	b.Start()
	if err := s.Announce(t.Context(), []*alarm.Event{
		live(func(e *alarm.Event) { e.Kind, e.Announce, e.Sequence = alarm.KindState, 1, 8 }),
		live(func(e *alarm.Event) { e.Kind, e.Announce, e.Sequence, e.Variable = alarm.KindState, 1, 9, "host_load" }),
	}); err != nil {
		t.Fatal(err)
	}
	both("cpu_usage/critical/web-07", "host_load/critical/web-07")

	clear := func(e *alarm.Event) {
		e.Kind, e.State, e.Sequence, e.Since, e.Reason = alarm.KindCleared, "inactive", 10, 0, alarm.ReasonLevel
	}
	deliver(t, s, live(clear))
	both("host_load/critical/web-07")
	a.until("its receiver knows of the end", func() bool { return notices.count("cpu_usage/critical/resolved") >= 1 })
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
	deliver(t, s, fires, live(func(e *alarm.Event) { clear(e); e.Sequence = 12 }), live(func(e *alarm.Event) { e.Sequence, e.Severity = 13, alarm.Warning }))
	both("cpu_usage/warning/web-07")
	deliver(t, s, live(func(e *alarm.Event) { clear(e); e.Sequence = 14 }))
	both()

	if err := s.Heartbeat(t.Context(), sinkcheck.HostUUID, "xen-1"); err != nil {
		t.Fatal(err)
	}
	both("PerfmonHeartbeat/none/xen-1")
	both()
	a.until("its receiver knows that the host has fallen silent", func() bool { return notices.count("PerfmonHeartbeat/none/resolved") >= 2 })
}

// What the sink relies on when one alert of many is bad.
func TestRealAlertmanagerKeepsTheGoodOfABadRequest(t *testing.T) {
	a := startReal(t, newNotices(t).URL)
	s := newSink(t, Options{URLs: []string{a.URL}})
	now := time.Now()
	good := s.alert(sinkcheck.Raised(), map[string]string{"alertname": "good"}, now, now.Add(time.Minute))
	bad := s.alert(sinkcheck.Raised(), map[string]string{"alertname": "bad"}, now, now.Add(-time.Minute))
	if err := s.send(t.Context(), []alert{bad, good}); !refused(err) || !strings.Contains(err.Error(), "start time must be before end time") {
		t.Fatalf("an end before its beginning: %v", err)
	}
	a.expect("good//")
}
