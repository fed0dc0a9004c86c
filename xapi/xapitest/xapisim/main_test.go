package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/xapi/xapitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFlags(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		_, err := parseFlags(args, io.Discard)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q: got %q, want %q", args, got, want)
		}
	}
	f("")
	f("", "--vms", "3", "-srs=0", "--step", "60", "--version", "r2013", "--duration", "1m", "--quiet")
	f("unknown version", "--version", "v1")
	f("rows stand for 5 or 60", "--step", "10")
	f("unexpected argument", "demo")
	f("at most", "--vms", "5000")
	f("not defined", "--colour")
	var help bytes.Buffer
	if _, err := parseFlags([]string{"--help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "at TIME restart") {
		t.Errorf("--help: %v %s", err, help.String())
	}
}

func TestScript(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got := "ok"
		if _, err := parseScript("s", text, 5); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
	f(demo, "ok")
	f("# nothing\n\n", "ok")
	f("at 1m config host raw <config> </config>", "ok")
	f("at 5 stall for 3s", `s:1: "5" is no time: write 90s, 5m or 12steps`)
	f("\nat xsteps stall for 3s", `s:2: "xsteps" is no number of steps`)
	f("when 5s stall for 3s", `s:1: a line begins with at TIME or every TIME, not with "when"`)
	f("at 5s dance", `s:1: unknown word "dance"`)
	f("at 5s force vm web-01 cpu* 1", "s:1: "+errWords.Error())
	f("at 5s force pool x 1 for 3s", `s:1: vm, sr or host expected, not "pool"`)
	f("at 5s defaults pool <triggers> </triggers>", "ok")
	f("at 5s defaults pool", "s:1: "+errWords.Error())
	f("at 5s defaults host none", `s:1: "pool" expected, not "host"`)
	f("at 5s tags vm web-01 db,production\nat 6s tags host none", "ok")
	f("at 5s tags vm web-01", "s:1: "+errWords.Error())
	f("at 5s operations vm web-01 pool_migrate\nat 6s operations host evacuate", "ok")
	f("at 5s operations sr local-1 scan", "s:1: "+errWords.Error())
	f("at 5s force host cpu0 hot for 3s", `s:1: "hot" is no number`)
	f("at 5s sessions end now", `s:1: unexpected "now"`)
	f("at 5s sessions begin", `s:1: "end" expected, not "begin"`)
	f("at 5s use vm web-01 0.5", "s:1: "+errWords.Error())
	f("at 5s fault melt /rrd_updates", `s:1: unknown kind of fault "melt"`)
	f("at 5s fault truncate /rrd_updates at=x", `s:1: "at=x" is no number`)
	f("at 5s fault truncate /rrd_updates colour=red", `s:1: unknown setting "colour=red"`)
	f("at 5s fault failure message.create", "s:1: the fault failure needs failure=CODE")
	f("at 5s fault status /rrd_updates", "s:1: the fault status needs code=N, 400 or more")
	f("at 5s config vm web-01 level=0.5", `s:1: a variable begins with its name: "level=0.5"`)
	f("at 5s config vm web-01 cpu_usage colour=red", `s:1: unknown setting "colour=red" of a variable`)
	f("every 5s\nat 5s sessions end", "s: it begins again after 5s, but goes on until 5s")
}

func TestConfigText(t *testing.T) {
	p := &words{step: 5, rest: strings.Fields(`vm v cpu_usage level=0.9 period=3steps inhibit=1m, a&b level=1 regex=x"y`)}
	a, err := p.config()
	if err != nil {
		t.Fatal(err)
	}
	o := options{vms: 0}
	sim := testSimulation(t, o)
	sim.uuids["vm v"] = sim.uuids["vm dom0"]
	if err := a.do(sim); err != nil {
		t.Fatal(err)
	}
	v, _ := sim.s.VM(sim.uuids["vm dom0"])
	want := `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_trigger_period value="15"/>` +
		`<alarm_auto_inhibit_period value="60"/></variable><variable><name value="a&amp;b"/><alarm_trigger_level value="1"/>` +
		`<rrd_regex value="x&quot;y"/></variable></config>`
	if got := v.OtherConfig["perfmon"]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRecordActions(t *testing.T) {
	sim := testSimulation(t, options{})
	do := func(line string) {
		t.Helper()
		a, err := parseAction(strings.Fields(line), 5)
		if err == nil {
			err = a.do(sim)
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	do("defaults pool <triggers> </triggers>")
	do("tags vm dom0 production,db")
	do("operations host evacuate")
	pool, _ := sim.s.Pool()
	v, _ := sim.s.VM(sim.uuids["vm dom0"])
	h, _ := sim.s.Host(sim.s.HostUUID())
	if got := fmt.Sprint(pool.OtherConfig, v.Tags, h.Operations); got != "map[perfmon-defaults:<triggers> </triggers>] [production db] [evacuate]" {
		t.Error(got)
	}
	do("defaults pool none")
	do("tags vm dom0 none")
	do("operations host none")
	pool, _ = sim.s.Pool()
	v, _ = sim.s.VM(sim.uuids["vm dom0"])
	h, _ = sim.s.Host(sim.s.HostUUID())
	if got := fmt.Sprint(pool.OtherConfig, v.Tags, h.Operations); got != "map[] [] []" {
		t.Error(got)
	}
}

// output collects what the program prints, and tells when a line comes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

// wait blocks until what has been printed matches, and returns the match.
func (o *output) wait(ctx context.Context, t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		o.mu.Lock()
		text, more := o.text.String(), o.more
		o.mu.Unlock()
		if m := re.FindString(text); m != "" {
			return m
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("nothing like %q in:\n%s", pattern, text)
		}
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "script")
	err := os.WriteFile(file, []byte(`every 1h
at 0s force vm web-01 cpu0 0.97 for 60s
at 0s force vm web-99 cpu0 0.97 for 60s
at 0s config sr local-1 physical_utilisation level=0.8
at 0s use sr local-1 0.93
at 0s rrdd down for 10ms
at 20ms restart down 1ms booting 1ms
at 30ms stop vm web-01
at 30ms start vm web-01
at 30ms touch vm dom0 3
at 30ms stall for 1ms
at 30ms sessions end
at 30ms events lost
at 40ms faults clear
at 50ms fault status /rrd_updates code=503 count=1
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &output{more: make(chan struct{})}
	run1, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() {
		done <- run(run1, []string{"--dir", dir, "--vms", "5", "--srs", "2", "--script", file}, out)
	}()
	out.wait(ctx, t, `perfmon --source xapi --xapi-socket \S+/xapi --rrdd-socket \S+/xcp-rrdd --xapi-http 127.0.0.1:\d+ --host-uuid \S+ --state-dir \S+ -s 5`)
	out.wait(ctx, t, `(?m)^\d\d:\d\d:\d\d force vm web-01 cpu0 0.97 for 60s$`)
	out.wait(ctx, t, `that failed: there is no vm web-99`)
	out.wait(ctx, t, `rrdd is up again`)
	out.wait(ctx, t, `the toolstack is up again`)
	out.wait(ctx, t, `fault status /rrd_updates`)
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, "xcp-rrdd"))
	}}}
	resp, err := hc.Get("http://localhost/rrd_updates?start=-10&host=true")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 503 {
		t.Errorf("got %d, want the fault's 503", resp.StatusCode)
	}
	out.wait(ctx, t, `fault status met GET /rrd_updates on xcp-rrdd`)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	out.wait(ctx, t, `in all 1 updates`)
}

func TestRunEnds(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--vms", "1", "--srs", "0", "--duration", "10ms", "--quiet"}, &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "config host") || !strings.Contains(text, "in all 0 updates") {
		t.Errorf("--quiet printed:\n%s", text)
	}
	if err := run(t.Context(), []string{"--script", "/nowhere"}, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a script that is not there: %v", err)
	}
}

func testSimulation(t *testing.T, o options) *simulation {
	t.Helper()
	return newSimulation(xapitest.New(xapitest.Options{Dir: t.TempDir()}), o)
}
