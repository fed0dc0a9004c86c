package httpjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func shown[T any](n *T) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}

func (e entry) String() string {
	queues := "?"
	if e.queues != nil {
		queues = strings.Join(e.queues, ",")
	}
	return fmt.Sprintf("%s/%d %v ago, queues %s, slots %d, %s+%s, begun %s", e.name, e.process, e.seen, queues, e.slots, shown(e.active), shown(e.reserved), shown(e.begun))
}

func (l listing) String() string {
	out := fmt.Sprintf("complete %v, silence %v", l.complete, l.silence)
	for _, e := range l.workers {
		out += "; " + e.String()
	}
	if l.bad > 0 {
		out += fmt.Sprintf("; %d bad: %v", l.bad, l.err)
	}
	return out
}

func TestParseList(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		l, err := parseList([]byte(body))
		if err != nil || l.String() != want {
			t.Errorf("%s: %s, %v; want %s", body, l, err, want)
		}
	}
	f(`{"complete": true, "silence_seconds": 2.5, "workers": [
		{"name": "worker@vm-a", "process": 1763820729, "seen_seconds": 0.8, "queues": ["slow", "fast", "slow"], "slots": 4, "active": 2, "reserved": 0, "begun": 118}]}`,
		"complete true, silence 2.5s; worker@vm-a/1763820729 800ms ago, queues fast,slow, slots 4, 2+0, begun 118")
	f(`{"complete": true, "workers": []}`, "complete true, silence 10s")
	f(`{"workers": []}`, "complete false, silence 10s")
	f(`{"workers": [], "complete": null, "silence_seconds": null, "more": [{}]}`, "complete false, silence 10s")
	f(`{"workers": [{"name": "a", "process": 0, "seen_seconds": 0, "slots": null, "active": null, "more": 1}]}`, "complete false, silence 10s; a/0 0s ago, queues ?, slots 0, ?+?, begun ?")
	f(`{"workers": [{"name": "a", "process": 1, "seen_seconds": 0, "queues": []}, {"name": "a", "process": 2, "seen_seconds": 99}]}`,
		"complete false, silence 10s; a/1 0s ago, queues , slots 0, ?+?, begun ?; a/2 1m39s ago, queues ?, slots 0, ?+?, begun ?")
}

// One entry that makes no sense is told from the others, which count.
func TestParseListLeavesOut(t *testing.T) {
	f := func(entry, want string) {
		t.Helper()
		body := `{"workers": [` + entry + `, {"name": "good", "process": 1, "seen_seconds": 0}]}`
		l, err := parseList([]byte(body))
		if err != nil || l.bad != 1 || len(l.workers) != 1 || l.workers[0].name != "good" || !strings.Contains(l.err.Error(), want) {
			t.Errorf("%s: %s, %v; want %q", entry, l, err, want)
		}
	}
	with := func(more string) string { return `{"name": "bad", "process": 1, "seen_seconds": 0, ` + more + `}` }
	f(`null`, "worker 1 of the list: it has no name")
	f(`[]`, "cannot unmarshal")
	f(`{"process": 1, "seen_seconds": 0}`, "no name")
	f(`{"name": "a\nb", "process": 1, "seen_seconds": 0}`, "no name")
	f(`{"name": "`+strings.Repeat("a", 241)+`", "process": 1, "seen_seconds": 0}`, "no name")
	f(`{"name": "bad", "seen_seconds": 0}`, `"bad" has no process`)
	f(`{"name": "bad", "process": 1}`, `"bad" has no seen_seconds`)
	f(`{"name": "bad", "process": -1, "seen_seconds": 0}`, `process of "bad" is -1`)
	f(`{"name": "bad", "process": 9007199254740992, "seen_seconds": 0}`, "process of")
	f(`{"name": "bad", "process": 1.5, "seen_seconds": 0}`, "cannot unmarshal")
	f(`{"name": "bad", "process": 1, "seen_seconds": -0.1}`, "seen_seconds of")
	f(`{"name": "bad", "process": 1, "seen_seconds": 1e10}`, "seen_seconds of")
	f(with(`"slots": 0`), "slots of")
	f(with(`"slots": 1048577`), "slots of")
	f(with(`"active": -1`), `active of "bad" is -1, not from 0`)
	f(with(`"active": "1"`), "cannot unmarshal")
	f(with(`"reserved": -2`), "reserved of")
	f(with(`"begun": -3`), "begun of")
	f(with(`"queues": "fast"`), "cannot unmarshal")
	f(with(`"queues": ["fast", ""]`), `"" in queues of "bad" is no queue`)
	f(with(`"queues": [null]`), "is no queue")
	f(with(`"queues": ["`+strings.Repeat("q", 256)+`"]`), "is no queue")
	f(with(`"queues": ["q"`+strings.Repeat(`,"q"`, maxQueues)+`]`), "more than 1000 queues")
	l, err := parseList([]byte(`{"workers": [{"name": "good", "process": 2, "seen_seconds": 0}, {"name": "good", "process": 2, "seen_seconds": 9}]}`))
	if err != nil || l.bad != 1 || len(l.workers) != 1 || l.workers[0].seen != 0 || !strings.Contains(l.err.Error(), `"good" with the process 2 is there twice`) {
		t.Errorf("%s, %v", l, err)
	}
}

func TestParseListRefuses(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if l, err := parseList([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %s, %v", body, l, err)
		}
	}
	f("", "unexpected end")
	f("<html>", "invalid character")
	f("[]", "cannot unmarshal")
	f("null", `no "workers"`)
	f("{}", `no "workers"`)
	f(`{"error": "no"}`, `no "workers"`)
	f(`{"workers": null}`, "is no list")
	f(`{"workers": {}}`, "is no list")
	f(`{"workers": 1}`, "is no list")
	f(`{"workers": [], "complete": 1}`, "cannot unmarshal")
	f(`{"workers": []} {}`, "after top-level value")
	f(`{"complete": true, "workers": [{"name": "a", "process": 1, "seen_seconds": 0}`, "unexpected end")
	f(`{"workers": [], "silence_seconds": 0}`, "silence_seconds is 0")
	f(`{"workers": [], "silence_seconds": 3601}`, "silence_seconds is 3601")
	f(`{"workers": [1`+strings.Repeat(",1", maxListed)+`]}`, "more than 100000")
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte(`{"complete": true, "silence_seconds": 10, "workers": [{"name": "worker@vm-a", "process": 1763820729, "seen_seconds": 0.8, "queues": ["fast"], "slots": 4, "active": 2, "reserved": 0, "begun": 118}]}`))
	f.Add([]byte(`{"workers": [{"name": "a", "process": 0, "seen_seconds": 0}, {"name": "a", "process": 1, "seen_seconds": 0}, null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := parseList(body)
		if err != nil {
			return
		}
		if l.silence < time.Second || l.silence > time.Hour || (l.err == nil) != (l.bad == 0) {
			t.Errorf("%q: %s", body, l)
		}
		for _, e := range l.workers {
			ok := isName(e.name) && e.process >= 0 && e.process <= maxProcess && e.seen >= 0 && e.slots >= 0 && slices.IsSorted(e.queues)
			for _, n := range []*int{e.active, e.reserved} {
				ok = ok && (n == nil || *n >= 0 && *n <= maxTasks)
			}
			if !ok || e.begun != nil && *e.begun < 0 {
				t.Errorf("%q: %s", body, e)
			}
		}
		// Whatever it says, a table bears it, and again.
		tb := newTable(2)
		for i := range 3 {
			now := time.Unix(1_000_000+int64(i), 0)
			tb.List(now, now, l)
		}
		for _, w := range tb.All() {
			if w.Active != nil && *w.Active < 0 || w.LastSeen.IsZero() || w.FirstSeen.IsZero() {
				t.Errorf("%q: %+v", body, w)
			}
		}
	})
}
