package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door"
	"perfmon/monitor/api/door/doortest"
	"perfmon/rrd"
)

// fakeMonitor answers as it is told. What is not set must not be asked.
type fakeMonitor struct {
	snapshot  *monitor.Snapshot
	explain   func(ctx context.Context, key monitor.Object, variable string) (*monitor.Explanation, error)
	all       func(ctx context.Context, key monitor.Object) ([]*monitor.Explanation, error)
	effective func(ctx context.Context, key monitor.Object) (*monitor.EffectiveConfig, error)
	add       func(ctx context.Context, s alarm.Silence) (alarm.Silence, error)
	end       func(ctx context.Context, id string) error
	list      func(ctx context.Context) ([]alarm.Silence, error)
}

func (f *fakeMonitor) Snapshot() *monitor.Snapshot { return f.snapshot }
func (f *fakeMonitor) Explain(ctx context.Context, key monitor.Object, variable string) (*monitor.Explanation, error) {
	return f.explain(ctx, key, variable)
}
func (f *fakeMonitor) ExplainAll(ctx context.Context, key monitor.Object) ([]*monitor.Explanation, error) {
	return f.all(ctx, key)
}
func (f *fakeMonitor) Effective(ctx context.Context, key monitor.Object) (*monitor.EffectiveConfig, error) {
	return f.effective(ctx, key)
}
func (f *fakeMonitor) AddSilence(ctx context.Context, s alarm.Silence) (alarm.Silence, error) {
	return f.add(ctx, s)
}
func (f *fakeMonitor) EndSilence(ctx context.Context, id string) error { return f.end(ctx, id) }
func (f *fakeMonitor) Silences(ctx context.Context) ([]alarm.Silence, error) {
	return f.list(ctx)
}

// asker asks a local API over a handler; the socket has tests of its own.
type asker struct {
	*testing.T
	l *local
}

func newAsker(t *testing.T, f *fakeMonitor, sinks ...SinkStatus) *asker {
	if f.snapshot == nil {
		f.snapshot = snapshotOf()
	}
	l := newLocal(LocalOptions{
		Monitor: f, Sinks: func(*alarm.Event) []SinkStatus { return sinks }, Version: "1.2", Logger: slog.New(slog.DiscardHandler),
	})
	l.patience, l.now = time.Minute, func() time.Time { return time.Unix(1000, 0) }
	return &asker{t, l}
}

func (a *asker) ask(method, path, body string) *http.Response {
	a.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	a.l.handler().ServeHTTP(w, r)
	return w.Result()
}

// get asks for what has to be there.
func (a *asker) get(path string, into any) {
	a.Helper()
	resp := a.ask("GET", path, "")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("Server") != "perfmon/1.2" {
		a.Fatalf("%s: %s, %v", path, resp.Status, resp.Header)
	}
	a.decode(resp.Body, into)
}

func (a *asker) decode(body io.Reader, into any) {
	a.Helper()
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		a.Fatal(err)
	}
}

// refused asks for what is refused, with an error that says so and a way out.
func (a *asker) refused(method, path, body string, status int, says string) *Refusal {
	a.Helper()
	resp := a.ask(method, path, body)
	var r Refusal
	a.decode(resp.Body, &r)
	if resp.StatusCode != status || !strings.Contains(r.Message, says) || r.Fix == "" {
		a.Errorf("%s %s: %s, %+v; want %d, %q", method, path, resp.Status, r, status, says)
	}
	return &r
}

func TestPathsAndMethods(t *testing.T) {
	a := newAsker(t, &fakeMonitor{})
	f := func(method, path string, status int, says string, known ...string) {
		t.Helper()
		if r := a.refused(method, path, "", status, says); !slices.Equal(r.Known, known) {
			t.Errorf("%s %s: known %q, want %q", method, path, r.Known, known)
		}
	}
	all := slices.Sorted(maps.Keys(a.l.routes()))
	f("GET", "/", 404, `no "/"`, all...)
	f("GET", "/v2/objects", 404, "/v2/objects", all...)
	f("POST", "/v1/silence", 404, "/v1/silence", all...)
	f("GET", "/v1/silences/", 404, "/v1/silences/", all...)
	f("POST", "/v1/objects", 405, "no method POST", "GET")
	f("PUT", "/v1/silences", 405, "no method PUT", "GET", "POST")
	f("GET", "/v1/silences/x", 405, "no method GET", "DELETE")
	if resp := a.ask("POST", "/v1/objects", ""); resp.Header.Get("Allow") != "GET" {
		t.Errorf("allowed: %q", resp.Header.Get("Allow"))
	}
	if resp := a.ask("HEAD", "/v1/objects", ""); resp.StatusCode != 200 {
		t.Errorf("HEAD: %s", resp.Status)
	}
}

func TestObjects(t *testing.T) {
	a := newAsker(t, &fakeMonitor{})
	var got Objects
	a.get("/v1/objects", &got)
	var words []string
	for _, o := range got.Objects {
		words = append(words, o.Class+":"+o.UUID[:4])
	}
	if want := []string{"host:0b5a", "vm:bbbb", "vm:5c2b", "vm:9d1e", "vm:5c2b", "sr:aaaa"}; !slices.Equal(words, want) {
		t.Errorf("%q, want %q", words, want)
	}
	a.get("/v1/objects?query=web-07", &got)
	if len(got.Objects) != 1 || got.Objects[0].ObjectRef != (ObjectRef{"vm", webUUID, "web-07"}) {
		t.Errorf("%v", got)
	}
	a.refused("GET", "/v1/objects?query=twin", "", 409, "can be 2")
	a.refused("GET", "/v1/objects?query=nobody", "", 404, "nobody")
	first := newAsker(t, &fakeMonitor{})
	first.l.Monitor.(*fakeMonitor).snapshot = nil
	first.get("/v1/objects", &got)
	if len(got.Objects) != 0 {
		t.Errorf("before the first poll: %v", got)
	}
	first.refused("GET", "/v1/objects?query=host", "", 503, "any rows yet")
}

func TestExplain(t *testing.T) {
	var asked *alarm.Event
	a := newAsker(t, &fakeMonitor{explain: func(_ context.Context, key monitor.Object, variable string) (*monitor.Explanation, error) {
		if variable != "cpu_usage" {
			return nil, &monitor.NotFoundError{What: "vm has no variable", Known: []string{"cpu_usage", "disk"}}
		}
		return &monitor.Explanation{
			Class: key.Class, UUID: key.UUID, Variable: variable, State: "firing", Severity: alarm.Warning, Muted: "silence x", InhibitUntil: 5,
			Rule: monitor.Rule{Priority: 2, Labels: map[string]string{"team": "web"}},
		}, nil
	}})
	a.l.Sinks = func(e *alarm.Event) []SinkStatus { asked = e; return []SinkStatus{{Sink: "xapi", Told: true}} }
	var got Explained
	a.get("/v1/explain?object=web-07&variable=cpu_usage", &got)
	if got.UUID != webUUID || got.State != "firing" || len(got.Sinks) != 1 || !got.Sinks[0].Told {
		t.Errorf("%+v", got)
	}
	if asked.ID != (alarm.ID{Class: "vm", UUID: webUUID, Variable: "cpu_usage"}) || asked.Severity != alarm.Warning || asked.Priority != 2 ||
		asked.Labels["team"] != "web" || !asked.Silenced || !asked.Inhibited {
		t.Errorf("the sinks are asked about %+v", asked)
	}
	r := a.refused("GET", "/v1/explain?object=web-07&variable=memory", "", 404, "no variable")
	if !slices.Equal(r.Known, []string{"cpu_usage", "disk"}) {
		t.Errorf("known: %q", r.Known)
	}
	a.refused("GET", "/v1/explain?variable=cpu_usage", "", 400, "no object")
	a.refused("GET", "/v1/explain?object=twin&variable=cpu_usage", "", 409, "twin")
}

func TestExplainAll(t *testing.T) {
	a := newAsker(t, &fakeMonitor{all: func(_ context.Context, key monitor.Object) ([]*monitor.Explanation, error) {
		if key.Class == "sr" {
			return []*monitor.Explanation{}, nil
		}
		return []*monitor.Explanation{{Variable: "a"}, {Variable: "b"}}, nil
	}})
	var got ExplainedAll
	a.get("/v1/explain?object=web-07", &got)
	if got.Name != "web-07" || len(got.Variables) != 2 || got.Variables[1].Variable != "b" {
		t.Errorf("%+v", got)
	}
	b, err := io.ReadAll(a.ask("GET", "/v1/explain?object=aaaa", "").Body)
	if err != nil || !bytes.Contains(b, []byte(`"variables": []`)) {
		t.Errorf("none: %s, %v", b, err)
	}
}

// TestExplainOfAnSR: what its configuration asks of the hosts is the host's
// variable, and whoever asks the SR about it is led there.
func TestExplainOfAnSR(t *testing.T) {
	name := "sr_latency_" + srUUID[:8]
	s := snapshotOf()
	s.Plan = &rrd.Legend{Entries: []rrd.Entry{{CF: rrd.Average, Class: "host", UUID: hostUUID, Name: "latency_" + srUUID[:8]}}}
	s.Variables = []monitor.VariableStatus{
		{ID: alarm.ID{Class: "host", UUID: hostUUID, Variable: "sr_latency_00000000"}},
		{ID: alarm.ID{Class: "host", UUID: hostUUID, Variable: name}, Columns: []int{0}},
		{ID: alarm.ID{Class: "sr", UUID: srUUID, Variable: "physical_utilisation"}, Reading: true},
	}
	a := newAsker(t, &fakeMonitor{
		snapshot: s,
		all: func(context.Context, monitor.Object) ([]*monitor.Explanation, error) {
			return []*monitor.Explanation{}, nil
		},
		explain: func(_ context.Context, key monitor.Object, variable string) (*monitor.Explanation, error) {
			if key.Class == "sr" {
				return nil, &monitor.NotFoundError{What: "sr has no variable", Known: []string{"physical_utilisation"}}
			}
			return &monitor.Explanation{Class: key.Class, UUID: key.UUID, Variable: variable}, nil
		},
	})
	var all ExplainedAll
	a.get("/v1/explain?object=sr:"+srUUID, &all)
	if !slices.Equal(all.OnHost, []string{name}) || all.Units["physical_utilisation"] != "fraction" {
		t.Errorf("%+v", all)
	}
	var host ExplainedAll
	a.get("/v1/explain?object=host", &host)
	if host.OnHost != nil || host.Units[name] != "µs" {
		t.Errorf("of the host: %+v", host)
	}
	var one Explained
	if a.get("/v1/explain?object=host&variable="+name, &one); one.Unit != "µs" {
		t.Errorf("unit %q", one.Unit)
	}
	for _, asked := range []string{"sr_latency", name} {
		r := a.refused("GET", "/v1/explain?object=sr:"+srUUID+"&variable="+asked, "", 404, "no variable")
		if r.Fix != "the host judges it: perfmonctl explain host "+name || !slices.Equal(r.Known, []string{"physical_utilisation", "host " + name}) {
			t.Errorf("%s: %+v", asked, r)
		}
	}
	if r := a.refused("GET", "/v1/explain?object=sr:"+srUUID+"&variable=other", "", 404, "no variable"); !strings.HasSuffix(r.Fix, "perfmonctl explain host "+name) {
		t.Errorf("another: %+v", r)
	}
}

func TestEffective(t *testing.T) {
	a := newAsker(t, &fakeMonitor{effective: func(_ context.Context, key monitor.Object) (*monitor.EffectiveConfig, error) {
		if key.Class == "sr" {
			return nil, &monitor.NotFoundError{What: "sr is not watched"}
		}
		return &monitor.EffectiveConfig{Class: key.Class, UUID: key.UUID, XML: "<config>\n</config>\n"}, nil
	}})
	b, err := io.ReadAll(a.ask("GET", "/v1/effective?object=host", "").Body)
	if err != nil || !bytes.Contains(b, []byte(hostUUID)) || !bytes.Contains(b, []byte(`"<config>\n</config>\n"`)) {
		t.Errorf("%s, %v", b, err)
	}
	a.refused("GET", "/v1/effective?object=aaaa", "", 404, "not watched")
}

// TestLoopThatHangs: nobody waits for ever.
func TestLoopThatHangs(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	a := newAsker(t, &fakeMonitor{
		explain: func(ctx context.Context, _ monitor.Object, _ string) (*monitor.Explanation, error) {
			return nil, wait(ctx)
		},
		all:       func(ctx context.Context, _ monitor.Object) ([]*monitor.Explanation, error) { return nil, wait(ctx) },
		effective: func(ctx context.Context, _ monitor.Object) (*monitor.EffectiveConfig, error) { return nil, wait(ctx) },
		add:       func(ctx context.Context, _ alarm.Silence) (alarm.Silence, error) { return alarm.Silence{}, wait(ctx) },
		end:       func(ctx context.Context, _ string) error { return wait(ctx) },
		list:      func(ctx context.Context) ([]alarm.Silence, error) { return nil, wait(ctx) },
	})
	a.l.patience = time.Millisecond
	f := func(method, path, body string) {
		t.Helper()
		a.refused(method, path, body, 503, "the loop does not answer")
	}
	f("GET", "/v1/explain?object=host&variable=x", "")
	f("GET", "/v1/explain?object=host", "")
	f("GET", "/v1/effective?object=host", "")
	f("GET", "/v1/silences", "")
	f("POST", "/v1/silences", `{"matchers": ["class=vm"], "reason": "x", "duration_s": 60}`)
	f("DELETE", "/v1/silences/x", "")
}

func TestLoopThatHasEnded(t *testing.T) {
	a := newAsker(t, &fakeMonitor{list: func(context.Context) ([]alarm.Silence, error) {
		return nil, errors.Join(errors.New("list silences"), monitor.ErrEnded)
	}})
	a.refused("GET", "/v1/silences", "", 503, "about to end")
}

func TestAddSilence(t *testing.T) {
	var added alarm.Silence
	a := newAsker(t, &fakeMonitor{add: func(_ context.Context, s alarm.Silence) (alarm.Silence, error) {
		if s.Ends > 1e9 {
			return alarm.Silence{}, errors.New("it is too long")
		}
		s.ID, s.Created = "abc", 1000
		added = s
		return s, nil
	}})
	f := func(body string, ends int64, author string) {
		t.Helper()
		resp := a.ask("POST", "/v1/silences", body)
		var got Silence
		if resp.StatusCode != 201 {
			b, _ := io.ReadAll(resp.Body)
			t.Errorf("%s: %s %s", body, resp.Status, b)
			return
		}
		a.decode(resp.Body, &got)
		if got.ID != "abc" || added.Ends != ends || added.Author != author || len(added.Matchers) != 2 || added.Matchers[1].String() != "variable=~cpu.*" {
			t.Errorf("%s: %+v", body, added)
		}
	}
	f(`{"matchers": ["class=vm", "variable=~cpu.*"], "reason": "load test", "duration_s": 60}`, 1060, "")
	f(`{"matchers": ["class=vm", "variable=~cpu.*"], "reason": "load test", "author": "kim", "ends": 2000}`+"\n", 2000, "kim")

	refused := func(body string, says string) {
		t.Helper()
		a.refused("POST", "/v1/silences", body, 400, says)
	}
	refused("", "no body")
	refused("{", "cannot be read")
	refused(`{"matcher": ["class=vm"], "reason": "x", "ends": 2000}`, `unknown field "matcher"`)
	refused(`{"matchers": ["class=vm"], "reason": "x", "ends": 2000} {}`, "something stands behind it")
	refused(`{"matchers": "class=vm", "reason": "x", "ends": 2000}`, "cannot be read")
	refused(`{"matchers": ["class=vm"], "ends": 2000}`, "no reason")
	refused(`{"matchers": ["class=vm"], "reason": " ", "ends": 2000}`, "no reason")
	refused(`{"matchers": ["class=vm"], "reason": "x"}`, "how long")
	refused(`{"matchers": ["class=vm"], "reason": "x", "ends": 2000, "duration_s": 60}`, "how long")
	refused(`{"matchers": ["class=vm"], "reason": "x", "duration_s": -60}`, "-60")
	refused(`{"matchers": ["class=vm"], "reason": "x", "duration_s": 9223372036854775807}`, "9223372036854775807")
	refused(`{"matchers": ["class=pool"], "reason": "x", "ends": 2000}`, "there is no class")
	refused(`{"matchers": ["class"], "reason": "x", "ends": 2000}`, "no operator")
	refused(`{"matchers": ["class=vm"], "reason": "x", "ends": 2000000000}`, "it is too long")

	long := `{"matchers": ["class=vm"], "ends": 2000, "reason": "` + strings.Repeat("x", maxRequestBytes) + `"}`
	a.refused("POST", "/v1/silences", long, 413, "more than 65536 bytes")
}

// TestAuthorIsWhoAsks: over the socket it is known who that is.
func TestAuthorIsWhoAsks(t *testing.T) {
	var author string
	a := newAsker(t, &fakeMonitor{add: func(_ context.Context, s alarm.Silence) (alarm.Silence, error) {
		author = s.Author
		return s, nil
	}})
	path := doortest.ShortDir(t) + "/s"
	serveSocket(t, path, a.l.handler())
	resp, err := doortest.SocketClient(t, path).Post("http://perfmon/v1/silences", "application/json",
		strings.NewReader(`{"matchers": ["class=vm"], "reason": "x", "ends": 2000}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if want := fmt.Sprintf("uid %d", os.Geteuid()); author != want {
		t.Errorf("%s: the author is %q, want %q", resp.Status, author, want)
	}
}

func TestEndSilence(t *testing.T) {
	silences := []alarm.Silence{{ID: "abc"}, {ID: "def"}}
	a := newAsker(t, &fakeMonitor{
		end: func(_ context.Context, id string) error {
			if id != "abc" {
				return errors.Join(errors.New("end silence"), monitor.ErrNoSilence)
			}
			return nil
		},
		list: func(context.Context) ([]alarm.Silence, error) { return silences, nil },
	})
	resp := a.ask("DELETE", "/v1/silences/abc", "")
	if b, err := io.ReadAll(resp.Body); resp.StatusCode != 204 || len(b) != 0 || err != nil {
		t.Errorf("%s, %q, %v", resp.Status, b, err)
	}
	if r := a.refused("DELETE", "/v1/silences/ab", "", 404, `"ab"`); !slices.Equal(r.Known, []string{"abc", "def"}) {
		t.Errorf("known: %q", r.Known)
	}
	silences = nil
	a.refused("DELETE", "/v1/silences/ab", "", 404, `"ab"`)
}

// TestOversizeHeader: over the socket, whose server has the limit.
func TestOversizeHeader(t *testing.T) {
	path := doortest.ShortDir(t) + "/s"
	serveSocket(t, path, newAsker(t, &fakeMonitor{}).l.handler())
	resp, err := doortest.SocketClient(t, path).Get("http://perfmon/v1/objects?query=" + strings.Repeat("x", 4*door.MaxHeaders))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", resp.Status)
	}
}

// FuzzReadSilence: whatever is sent, it is refused, or means the same when it
// is written again.
func FuzzReadSilence(f *testing.F) {
	for _, seed := range []string{
		`{"matchers": ["class=vm"], "reason": "x", "duration_s": 60}`, `{"ends": 1e3}`, `{"matchers": [null]}`, `[]`, `{} {}`, "", `{"reason": "\ud800"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s, err := readSilence(strings.NewReader(body))
		if err != nil {
			if refusal := (*Refusal)(nil); !errors.As(err, &refusal) || refusal.status != 400 || refusal.Fix == "" {
				t.Errorf("%v", err)
			}
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readSilence(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(b, second) {
			t.Errorf("%s became %s, %v", b, second, err)
		}
	})
}
