//go:build browser

package page_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
	"perfmon/monitor/api/page/pagetest"
)

// night.script has a VM run hot for as long as the test may take, and another
// whose storage fills up.
const nightScript = `
at 0steps config host cpu_usage level=0.95 period=3steps inhibit=600s, memory_free_kib level=4000000 period=3steps inhibit=600s
at 0steps config vm web-07 cpu_usage level=0.85 period=1steps inhibit=600s
at 0steps config vm web-08 network_usage level=50000000 period=1steps inhibit=600s
at 0steps config vm db-02 memory_internal_free level=200000 period=1steps inhibit=600s
at 0steps config sr local-1 physical_utilisation level=0.8 period=1steps inhibit=600s
at 0steps use sr local-1 0.93
at 1steps force vm web-07 cpu* 0.97 for 200steps
at 2steps force vm web-08 vif_0_tx 90000000 for 200steps
at 3steps force vm db-02 memory_internal_free 90000 for 200steps
`

// compile makes one of our programs and returns where it is.
func compile(t *testing.T, dir, path string) string {
	t.Helper()
	name := filepath.Join(dir, filepath.Base(path))
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", name, path).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", path, err, out)
	}
	return name
}

// program starts one of our programs. The lines of its output go to the
// channel until it ends; stop, or the end of the test, ends it.
func program(t *testing.T, name string, args ...string) (said <-chan string, stop func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case lines <- s.Text():
			default: // nobody reads any more
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	return lines, stop
}

// realAgent starts the simulated toolstack with 200 VMs and the agent beside
// it, each a process of its own, and returns the web port's origin, and what
// ends the agent and starts it again.
func realAgent(t *testing.T) (origin string, stop, start func()) {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "night.script")
	if err := os.WriteFile(script, []byte(nightScript), 0o600); err != nil {
		t.Fatal(err)
	}
	var flags []string
	limit := time.After(pagetest.Patience)
	simulator := compile(t, dir, "perfmon/xapi/xapitest/xapisim")
	for sim, _ := program(t, simulator, "-dir", filepath.Join(dir, "sim"), "-vms", "200", "-script", script); flags == nil; {
		select {
		case line, open := <-sim:
			if !open {
				t.Fatal("the simulator has ended")
			}
			if _, after, found := strings.Cut(line, "./cmd/perfmon "); found {
				flags = strings.Fields(after)
			}
		case <-limit:
			t.Fatal("the simulator does not say how to reach it")
		}
	}
	address := sinktest.FreeAddress(t)
	flags = append(flags, "--web.listen-address", address, "--pid-file", filepath.Join(dir, "perfmon.pid"), "--api-socket", filepath.Join(dir, "perfmon.sock"),
		"--control-socket", fmt.Sprintf("@perfmon-page-%d", os.Getpid()))
	agent := compile(t, dir, "perfmon/cmd/perfmon")
	end := func() {}
	start = func() {
		t.Helper()
		var log <-chan string
		log, end = program(t, agent, flags...)
		t.Cleanup(func() {
			if t.Failed() {
				for range len(log) {
					t.Log(<-log)
				}
			}
		})
		mustListen(t, address, log)
	}
	start()
	return "http://" + address, func() { end() }, start
}

// mustListen waits until somebody listens.
func mustListen(t *testing.T, address string, log <-chan string) {
	t.Helper()
	for limit := time.After(pagetest.Patience); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		select {
		case line, open := <-log:
			if !open {
				t.Fatal("the agent has ended")
			}
			t.Log(line)
		case <-time.After(100 * time.Millisecond):
		case <-limit:
			t.Fatalf("the web port does not open: %v", err)
		}
	}
}

// TestRealAgent walks through the page of the real agent: what the toolstack
// measures comes as alarms, tables and plots, live, also after the agent was
// started anew.
func TestRealAgent(t *testing.T) {
	origin, stop, start := realAgent(t)
	b := pagetest.Start(t)
	tab := b.Open(t, 1280, 1000, "dark")
	tab.Forgive = func(e string) bool {
		return strings.Contains(e, "ERR_CONNECTION_REFUSED") || strings.Contains(e, "ERR_INCOMPLETE_CHUNKED_ENCODING")
	}
	keep := func(name string) {
		t.Helper()
		if dir := os.Getenv("PERFMON_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), tab.Picture(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	tab.Visit(origin + "/")
	// The page was open before the first alarm: it comes by itself.
	tab.Wait(`[...document.querySelectorAll('.alarm')].some((a) => a.textContent.includes('web-07') && a.textContent.includes('critical'))`)
	tab.Wait(`document.querySelectorAll('.vmmap a').length === 201 && /^[0-9.]+ %$/.test(document.querySelector('.tile b').textContent)`)
	tab.Wait(`document.querySelectorAll('.alarm').length >= 4 && [...document.querySelectorAll('.alarm .line')].every((l) => l.getAttribute('d') !== null)`)
	keep("agent-now")

	tab.Eval(`[...document.querySelectorAll('.alarm a')].find((a) => a.textContent.includes('web-07')).click()`, nil)
	tab.Wait(`document.querySelector('.verdict b')?.textContent === 'critical' && document.querySelector('.explain dl').textContent.includes('average of cpu[0-9]+')`)
	tab.Wait(`document.querySelector('figure')?.plot && document.querySelector('figure').plot.data[1].some((v) => Math.abs(v - 0.97) < 0.01)`)
	tab.Wait(`document.querySelectorAll('table.history tbody tr').length >= 2`)
	keep("agent-variable")

	tab.Eval(`document.querySelector('.subtitle a').click()`, nil)
	for _, span := range []string{"2h", "1w", "1y", "10m"} {
		tab.Eval(`document.querySelector('.spans input[value="`+span+`"]').click()`, nil)
		tab.Wait(`new URLSearchParams(location.hash.split('?')[1]).get('span') === '` + span + `' && document.querySelectorAll('figure').length > 2 && !document.querySelector('.plots').hasAttribute('aria-busy')`)
	}
	tab.Wait(`[...document.querySelectorAll('figcaption b')].some((b) => b.textContent === 'Network') && document.querySelector('figure').plot.data[0].length > 1 && document.querySelector('figure').plot.data[0].slice(0, 2).reduce((a, b) => b - a) === 5`)
	keep("agent-vm")

	tab.Visit(origin + "/#/host")
	tab.Wait(`document.querySelectorAll('.u-wrap').length > 1`)
	keep("agent-host")
	tab.Visit(origin + "/#/history")
	tab.Wait(`document.querySelector('.lanes') && document.querySelector('table.history').textContent.includes('web-07')`)
	keep("agent-history")
	tab.Visit(origin + "/#/wall")
	tab.Size(1920, 1080)
	tab.Wait(`/critical/.test(document.querySelector('.wall-verdict').textContent) && document.querySelectorAll('.vmmap a').length === 201`)
	keep("agent-wall")

	// Without being loaded again, the page hears of the next agent.
	tab.Eval(`window.same = true; location.hash = '#/'`, nil)
	tab.Wait(`document.querySelectorAll('.alarm').length >= 4 && document.querySelector('#banner').hidden`)
	tab.Wait(`[...document.querySelectorAll('.alarm .line, [data-tile=disk] .line')].every((l) => l.getAttribute('d').includes('L'))`)
	stop()
	tab.Wait(`document.querySelector('#banner').textContent.includes('does not answer') && !document.querySelector('#banner').hidden`)
	keep("agent-gone")
	start()
	tab.Wait(`document.querySelector('#banner').hidden && document.querySelector('#pulse').dataset.state === 'live' && document.querySelectorAll('.alarm').length >= 4`)
	if tab.Text(`window.same`) != "true" {
		t.Error("the page was loaded again")
	}
	tab.Check(origin)
}
