package celery

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// text shows an event in a form to compare.
func (e event) text() string {
	show := func(p any) string {
		switch p := p.(type) {
		case *int:
			if p != nil {
				return fmt.Sprint(*p)
			}
		case *int64:
			if p != nil {
				return fmt.Sprint(*p)
			}
		}
		return "?"
	}
	return fmt.Sprintf("%s %s %d %v active %s processed %s task %q %v", e.Type, e.Worker, e.PID, e.Freq, show(e.Active), show(e.Processed), e.Task, e.Runtime)
}

func TestParseEvents(t *testing.T) {
	f := func(body string, bad int, want ...string) {
		t.Helper()
		events, gotBad, err := parseEvents([]byte(body))
		var got []string
		for _, e := range events {
			got = append(got, e.text())
		}
		if err != nil || gotBad != bad || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q, %d bad, %v", body, got, gotBad, err)
		}
	}
	f(`{"hostname":"worker@vm-a","utcoffset":0,"pid":77,"clock":12,"freq":2.0,"active":1,"processed":3,"loadavg":[0.1,0.1,0.1],"sw_ident":"py-celery","sw_ver":"5.2.6","sw_sys":"Linux","timestamp":1763822824.5,"type":"worker-heartbeat"}`,
		0, `worker-heartbeat worker@vm-a 77 2s active 1 processed 3 task "" -1ns`)
	f(`[{"hostname":"a","pid":7,"uuid":"6f0c","runtime":0.5,"result":"None","type":"task-succeeded"},{"hostname":"a","type":"task-started","uuid":"x"}]`,
		0, `task-succeeded a 7 0s active ? processed ? task "6f0c" 500ms`, `task-started a 0 0s active ? processed ? task "x" -1ns`)
	f(`[]`, 0)
	f(` [{"type":"worker-offline","hostname":"a"},7,{"type":""},{"type":"x","hostname":"a","pid":"7"}]`, 3, `worker-offline a 0 0s active ? processed ? task "" -1ns`)
	// What a heartbeat says of its own rate is believed within limits, and a runtime that cannot be is left out.
	f(`{"hostname":"a","type":"worker-heartbeat","freq":1e300}`, 0, `worker-heartbeat a 0 30s active ? processed ? task "" -1ns`)
	f(`{"hostname":"a","type":"worker-heartbeat","freq":1e-300}`, 0, `worker-heartbeat a 0 500ms active ? processed ? task "" -1ns`)
	f(`{"hostname":"a","type":"worker-heartbeat","freq":-2}`, 0, `worker-heartbeat a 0 0s active ? processed ? task "" -1ns`)
	f(`{"hostname":"a","type":"task-succeeded","runtime":-1}`, 0, `task-succeeded a 0 0s active ? processed ? task "" -1ns`)
	f(`{"hostname":"a","type":"task-succeeded","runtime":1e12}`, 0, `task-succeeded a 0 0s active ? processed ? task "" -1ns`)
}

func TestParseEventsRefuses(t *testing.T) {
	for _, body := range []string{
		"", "  ", "null", "7", `"x"`, "{", "[", "[1]", "[{}]", `{"type":"worker-online"}`, `{"hostname":"a"}`,
		`{"type":"worker-online","hostname":""}`, `{"type":"worker-online","hostname":"a\u0000"}`, `{"type":"worker-online","hostname":7}`,
		`{"type":"worker-online","hostname":"` + strings.Repeat("a", 241) + `"}`, `{"type":"` + strings.Repeat("a", 101) + `","hostname":"a"}`,
		`{"type":"worker-online","hostname":"a","pid":-1}`, `{"type":"worker-online","hostname":"a","active":-1}`, `{"type":"worker-online","hostname":"a","active":9999999}`,
		`{"type":"worker-online","hostname":"a","processed":-1}`, `{"type":"worker-online","hostname":"a","active":1.5}`, `{"type":"worker-online","hostname":"a","freq":NaN}`,
		`{"type":"task-started","hostname":"a","uuid":"` + strings.Repeat("a", 256) + `"}`, strings.Repeat("[", 20_000),
	} {
		if events, _, err := parseEvents([]byte(body)); err == nil || len(events) > 0 {
			t.Errorf("%.80q: %v, %v", body, events, err)
		}
	}
}

// FuzzEvents lets workers say anything, and looks at what is believed.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"hostname":"worker@vm-a","pid":77,"freq":2.0,"active":1,"processed":3,"type":"worker-heartbeat"}`), []byte(`[{"hostname":"worker@vm-a","pid":78,"type":"worker-heartbeat"}]`), []byte(`{"hostname":"b","type":"worker-online"}`), uint16(3000))
	f.Add([]byte(`[{"hostname":"a","type":"task-succeeded","runtime":0.5}]`), []byte(`{"hostname":"a","type":"worker-offline"}`), []byte(`[]`), uint16(0))
	f.Fuzz(func(t *testing.T, first, second, third []byte, gap uint16) {
		table := newTable(2)
		now := time.Unix(1_000_000, 0)
		table.Connected(now)
		for range 3 {
			for _, body := range [][]byte{first, second, third} {
				events, _, _ := parseEvents(body)
				for _, e := range events {
					table.Event(now, e)
				}
				now = now.Add(time.Duration(gap) * time.Millisecond)
				table.Echo(now)
			}
		}
		list, _ := table.List(now)
		if len(list) > 2 {
			t.Errorf("%d workers", len(list))
		}
		for _, w := range list {
			if w.Name == "" || w.FirstSeen.IsZero() || w.LastSeen.Before(w.FirstSeen) || w.LastSeen.After(now) || w.Active != nil && *w.Active > 0 && !w.IdleSince.IsZero() {
				t.Errorf("%+v", w)
			}
		}
		if mean, ok := table.times.Mean("q"); ok && mean.Mean < 0 {
			t.Errorf("%+v", mean)
		}
	})
}
