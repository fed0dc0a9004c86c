package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"perfmon/cmd/internal/scripttest"
	"perfmon/cmd/internal/verbs"
	"perfmon/docs/docstest"
	"perfmon/xapi/xapitest"
)

// simulated is the toolstack of a script: two VMs named web, one db, a
// template and an SR.
type simulated struct{ *xapitest.Server }

func (s simulated) otherConfig(class, uuid string) map[string]string {
	switch class {
	case "host":
		o, _ := s.Host(uuid)
		return o.OtherConfig
	case "sr":
		o, _ := s.SR(uuid)
		return o.OtherConfig
	}
	o, _ := s.VM(uuid)
	return o.OtherConfig
}

// TestToolstackScript runs scripts with a simulated toolstack each. Beside the
// commands of TestScript there are
//
//	stored CLASS UUID FILE   compares an object's other-config:perfmon
//	holds CLASS UUID FILE    sets it
//	fault METHOD CODE        fails the calls of a method
//	down                     ends the toolstack
func TestToolstackScript(t *testing.T) {
	type key struct{}
	of := func(ts *testscript.TestScript) simulated { return ts.Value(key{}).(simulated) }
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/toolstack",
		UpdateScripts:       docstest.Updating(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			sim, err := simulate(e)
			e.Values[key{}] = sim
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scripttest.Commands()["exits"],
			"stored": func(ts *testscript.TestScript, neg bool, args []string) {
				all := of(ts).otherConfig(args[0], args[1])
				got, is := all["perfmon"]
				if len(all) > 0 && all["other"] != "kept" {
					ts.Fatalf("another key is lost: %q", all)
				}
				if is == neg {
					ts.Fatalf("there is a text: %v: %s", is, got)
				}
				if neg {
					return
				}
				if want := strings.TrimSuffix(ts.ReadFile(args[2]), "\n"); got != want {
					ts.Fatalf("it is\n%s\nwant\n%s", got, want)
				}
			},
			"holds": func(ts *testscript.TestScript, neg bool, args []string) {
				ts.Check(of(ts).SetOtherConfig(args[0], args[1], "perfmon", strings.TrimSuffix(ts.ReadFile(args[2]), "\n")))
			},
			"fault": func(ts *testscript.TestScript, neg bool, args []string) {
				of(ts).Install(xapitest.Fault{Method: args[0], Kind: xapitest.RPCFailure, Failure: []string{args[1]}})
			},
			"down": func(ts *testscript.TestScript, neg bool, args []string) { ts.Check(of(ts).StopToolstack()) },
		},
	})
}

// simulate starts a toolstack for a script.
func simulate(e *testscript.Env) (simulated, error) {
	dir, err := os.MkdirTemp("", "xcp") // short, for the address of a socket
	if err != nil {
		return simulated{}, err
	}
	e.Defer(func() { os.RemoveAll(dir) })
	sim := simulated{xapitest.New(xapitest.Options{Dir: dir})}
	if err := sim.Start(); err != nil {
		return simulated{}, err
	}
	e.Defer(func() { sim.Close() })
	for _, name := range []string{"web", "web-2", "db"} {
		sim.PutVM(xapitest.VM{UUID: xapitest.UUID(name), Name: strings.TrimSuffix(name, "-2"), PowerState: "Running", ResidentOn: sim.HostUUID()})
	}
	sim.PutVM(xapitest.VM{UUID: xapitest.UUID("template"), Name: "golden", Template: true})
	sim.PutSR(xapitest.SR{UUID: xapitest.UUID("sr"), Name: "local storage", Type: "lvm"})
	for _, o := range [][2]string{{"vm", xapitest.UUID("web")}, {"vm", xapitest.UUID("db")}, {"host", sim.HostUUID()}, {"sr", xapitest.UUID("sr")}} {
		if err := sim.SetOtherConfig(o[0], o[1], "other", "kept"); err != nil {
			return simulated{}, err
		}
	}
	e.Setenv("GORACE", "atexit_sleep_ms=0")
	e.Setenv("XAPI", sim.Addr(xapitest.XAPI))
	e.Setenv("RRDD", sim.Addr(xapitest.RRDD))
	e.Setenv("HOST", sim.HostUUID())
	for _, name := range []string{"web", "web-2", "db", "template", "sr"} {
		e.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "")), xapitest.UUID(name))
	}
	webs := []string{xapitest.UUID("web"), xapitest.UUID("web-2")}
	slices.Sort(webs)
	e.Setenv("WEBA", webs[0])
	e.Setenv("WEBB", webs[1])
	e.Setenv("DBSTART", strings.ToUpper(xapitest.UUID("db")[:10]))
	return sim, os.WriteFile(filepath.Join(e.WorkDir, "inventory"), []byte("INSTALLATION_UUID='"+sim.HostUUID()+"'\n"), 0o600)
}

// TestReplaceFile: mode, owner and links stay; who reads never sees a part.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real.xml"), filepath.Join(dir, "host.xml")
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(file, `<config><variable><name value="host_load"/></variable></config>`, 0o640)
	if err := os.Symlink("real.xml", link); err != nil {
		t.Fatal(err)
	}
	uid := os.Getuid()
	if uid == 0 {
		uid = 12345
		if err := os.Chown(file, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	output(t, "set", "--file", link, "host_load", "level=2")
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o640 || info.Sys().(*syscall.Stat_t).Uid != uint32(uid) {
		t.Errorf("mode %v, owner %v, %v", info.Mode(), info.Sys(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != "real.xml" {
		t.Errorf("the link: %q, %v", to, err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `value="2"`) {
		t.Errorf("%s, %v", text, err)
	}

	// It is not as it was read: it stays.
	if err := replaceFile(file, []byte("before"), []byte("after")); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("changed meanwhile: %v", err)
	}
	if err := replaceFile(file, nil, []byte("after")); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("made meanwhile: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(file, []byte("before"), []byte("after")); err == nil {
		t.Error("removed meanwhile: made anew")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}

	output(t, "set", "--file", filepath.Join(dir, "vm.xml"), "cpu_contention")
	if info, err := os.Stat(filepath.Join(dir, "vm.xml")); err != nil || info.Mode()&0o644 != info.Mode() {
		t.Errorf("a new file: %v, %v", info, err)
	}
}

func TestDiff(t *testing.T) {
	f := func(before, after, want string) {
		t.Helper()
		if got := diff("x", before, after); got != "--- x\n+++ x\n"+want {
			t.Errorf("%q to %q:\n%s", before, after, got)
		}
	}
	f("a\nb\nc\nd\ne\nf\ng\nh\ni\n", "a\nb\nc\nd\nE\nf\ng\nh\ni\n", "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n")
	f("", "<c><v/></c>", "@@ -0,0 +1,3 @@\n+<c>\n+<v/>\n+</c>\n")
	f("<c><v/></c>", "", "@@ -1,3 +0,0 @@\n-<c>\n-<v/>\n-</c>\n")
	f("a\na\n", "a\na\na\n", "@@ -1,2 +1,3 @@\n a\n a\n+a\n")
	f("a\nb\na\n", "a\n", "@@ -1,3 +1,1 @@\n a\n-b\n-a\n")
}

// TestReportThatCannotBeWritten: an edit is done, and what cannot be said of
// it is an error.
func TestReportThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.xml")
	for _, flags := range [][]string{{"--dry-run"}, nil} {
		var complaints strings.Builder
		code := run(append(append([]string{"set", "--file", file}, flags...), "host_load"), os.Stdin, full{}, &complaints)
		if want := "perfmonctl: write output: no space left on device\n"; code != verbs.ExitFailed || complaints.String() != want {
			t.Errorf("%q: exit code %d, says %q", flags, code, complaints.String())
		}
		if _, err := os.Stat(file); (err == nil) != (flags == nil) {
			t.Errorf("%q: %v", flags, err)
		}
	}
}
