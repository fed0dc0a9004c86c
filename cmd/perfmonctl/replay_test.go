package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/verbs"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// TestReplayOfAToolstack: the full RRDs of all VMs that the toolstack has rows
// of, through xcp-rrdd's socket and through xapi's port.
func TestReplayOfAToolstack(t *testing.T) {
	// Not t.TempDir(): its names can be too long for a socket's address.
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	now := time.Now().Truncate(time.Minute)
	sim := xapitest.New(xapitest.Options{Dir: dir, History: 90 * time.Minute, Now: func() time.Time { return now }})
	busy, idle := xapitest.UUID("busy"), xapitest.UUID("idle")
	from := now.Add(-30 * time.Minute).Unix()
	sim.SetSeries(rrd.ClassHost, sim.HostUUID(), "cpu0", func(int64) float64 { return 0.99 })
	sim.SetSeries(rrd.ClassVM, busy, "cpu0", func(t int64) float64 {
		if t > from && t <= from+600 {
			return 0.95
		}
		return 0.25
	})
	sim.SetSeries(rrd.ClassVM, idle, "cpu0", func(int64) float64 { return 0.25 })
	sim.PutVM(xapitest.VM{UUID: idle, Name: "idle one", PowerState: "Running", ResidentOn: sim.HostUUID()})
	for _, uuid := range []string{xapitest.UUID("one twin"), xapitest.UUID("other twin")} {
		sim.PutVM(xapitest.VM{UUID: uuid, Name: "twin", PowerState: "Running", ResidentOn: sim.HostUUID()})
	}
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	config := filepath.Join(t.TempDir(), "vm.xml")
	if err := os.WriteFile(config, []byte(`<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable></config>`), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"replay", "--config", config, "--xapi", "--plot=false",
		"--xapi-socket", sim.Addr(xapitest.XAPI), "--rrdd-socket", sim.Addr(xapitest.RRDD), "--xapi-http", sim.Addr(xapitest.TCP)}
	clock := func(t int64) string { return time.Unix(t, 0).Format("2006-01-02 15:04:05-07:00") }

	all := output(t, args...)
	for _, want := range []string{"vm " + busy + "\n", "vm " + idle + "\n",
		clock(from+60) + "  " + busy[:8] + "  cpu_usage  raised   ", clock(from+660) + "  " + busy[:8] + "  cpu_usage  cleared"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if n := strings.Count(all, "cpu_usage"); n != 2 {
		t.Errorf("%d transitions, want 2:\n%s", n, all)
	}
	one := output(t, append(args, "--object", idle)...)
	if strings.Contains(one, busy) || !strings.Contains(one, "nothing would have been said") {
		t.Errorf("of one VM:\n%s", one)
	}
	for _, word := range []string{"idle one", "vm:idle one", "vm:" + idle, idle[:8], strings.ToUpper(idle)} {
		if got := output(t, append(args, "--object", word)...); got != one {
			t.Errorf("--object %q:\n%s\nwant\n%s", word, got, one)
		}
	}
	refuse := func(code int, want, word string) {
		t.Helper()
		got, out, complaints := runs(append(args, "--object", word)...)
		if got != code || out != "" || !strings.HasPrefix(complaints, "perfmonctl: "+want) {
			t.Errorf("--object %q: exit code %d, %s%s, want %d, %s", word, got, out, complaints, code, want)
		}
	}
	refuse(verbs.ExitProblem, `no vm has the name "nobody", and none a uuid that begins so; xe vm-list shows them`, "nobody")
	refuse(verbs.ExitProblem, `"twin" can be 2 objects; say which:`+"\n  vm:", "twin")
	down := append(args, "--xapi-socket", filepath.Join(dir, "none"))
	if got := output(t, append(down, "--object", idle)...); got != one {
		t.Errorf("with xcp-rrdd alone:\n%s", got)
	}
	if code, _, complaints := runs(append(down, "--object", "idle one")...); code != verbs.ExitFailed || !strings.Contains(complaints, "no toolstack answers at ") || !strings.Contains(complaints, "or the object by its whole uuid") {
		t.Errorf("a name without a toolstack: exit code %d, %s", code, complaints)
	}
	refuse(verbs.ExitUsage, `--object "host": the XML is for objects of the class vm`, "host")
	refuse(verbs.ExitUsage, `--object: OBJECT "vm:" names no object`, "vm:")
	// Without xcp-rrdd's own socket it goes by xapi's port, with a session.
	if got := output(t, append(args, "--rrdd-socket", filepath.Join(dir, "none"))...); got != all {
		t.Errorf("by the port:\n%s\nby the socket:\n%s", got, all)
	}
	var out, complaints bytes.Buffer
	if code := run(append(args, "--object", xapitest.UUID("other")), strings.NewReader(""), &out, &complaints); code != verbs.ExitFailed {
		t.Errorf("a VM that is not here: exit code %d, %s", code, &complaints)
	}
}
