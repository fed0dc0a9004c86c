package takeover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/cmd/internal/systemctl"
)

// host is a root directory with a stock daemon, and its manager.
type host struct {
	t *testing.T
	*manager
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t, &manager{root: t.TempDir(), active: map[string]bool{stockService: true}}}
	h.write("/usr/lib/systemd/system/"+stockService, "[Service]\n", 0o644)
	h.write("/usr/lib/systemd/system/"+systemctl.AgentService, "[Service]\n", 0o644)
	h.write("/usr/lib/systemd/system/"+systemctl.AgentSocket, "[Socket]\n", 0o644)
	h.write(pluginPath, "#!/usr/bin/env python3\nstock\n", 0o755)
	h.link(unitDir+"/multi-user.target.wants/"+stockService, "/usr/lib/systemd/system/"+stockService)
	h.link(unitDir+"/odd.target.requires/"+stockService, "../../../../lib/systemd/system/"+stockService)
	old := time.Date(2020, 2, 3, 4, 5, 6, 789, time.UTC)
	if err := os.Chtimes(h.path(pluginPath), old, old); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) path(name string) string { return filepath.Join(h.root, name) }

func (h *host) write(name, text string, mode fs.FileMode) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), []byte(text), mode); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chmod(h.path(name), mode); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) link(name, target string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Symlink(target, h.path(name)); err != nil {
		h.t.Fatal(err)
	}
}

// options of a run whose lines are thrown away.
func (h *host) options() Options {
	return Options{Root: h.root, Manager: h.manager, Program: DefaultProgram, Out: &strings.Builder{}}
}

// snapshot is everything on the host but the agent's own state: each path with
// its type, mode, owner, time and content, and what runs.
func (h *host) snapshot() map[string]string {
	h.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(h.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(h.root, path)
		if name == "var" {
			return fs.SkipDir
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		what := fmt.Sprintf("%v %d:%d", info.Mode(), owner.Uid, owner.Gid)
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += " " + info.ModTime().UTC().Format(time.RFC3339Nano) + " " + string(text)
		case info.Mode().Type() == fs.ModeSymlink:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what += " -> " + target
		}
		all[name] = what
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, unit := range slices.Sorted(maps.Keys(h.active)) {
		if h.active[unit] {
			all["runs: "+unit] = "yes"
		}
	}
	return all
}

func (h *host) mustTake(o Options) {
	h.t.Helper()
	if err := Take(context.Background(), o); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) mustUndo(o Options) {
	h.t.Helper()
	if err := Undo(context.Background(), o); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) mustBe(when string, want map[string]string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.snapshot()); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func (h *host) mustBeTaken(when string) {
	h.t.Helper()
	target, _ := os.Readlink(h.path(pluginPath))
	if h.active[stockService] || !h.active[systemctl.AgentService] || !h.active[systemctl.AgentSocket] ||
		h.state(stockService) != "masked" || target != DefaultProgram {
		h.t.Errorf("%s: runs %v, stock is %s, the plugin leads to %q", when, h.active, h.state(stockService), target)
	}
	if _, err := os.Lstat(h.path(unitDir + "/multi-user.target.wants/" + systemctl.AgentService)); err != nil {
		h.t.Errorf("%s: the agent is not enabled: %v", when, err)
	}
}

func TestThereAndBack(t *testing.T) {
	h := newHost(t)
	before := h.snapshot()
	h.mustTake(h.options())
	h.mustBeTaken("taken")
	h.mustUndo(h.options())
	h.mustBe("undone", before)
	if _, err := os.Stat(h.path(StateDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the note is still there: %v", err)
	}
	h.mustUndo(h.options())
	h.mustBe("undone twice", before)
}

func TestTwice(t *testing.T) {
	h := newHost(t)
	before := h.snapshot()
	h.mustTake(h.options())
	taken := h.snapshot()
	h.did = nil
	h.mustTake(h.options())
	h.mustBe("taken twice", taken)
	if len(h.did) > 0 {
		t.Errorf("the second run did %q", h.did)
	}
	h.mustUndo(h.options())
	h.mustBe("undone", before)
}

// TestKinds: hosts that are not like the first one come back as they were too.
func TestKinds(t *testing.T) {
	for name, change := range map[string]func(h *host){
		"stock does not run":   func(h *host) { h.active[stockService] = false },
		"stock is not enabled": func(h *host) { h.Do(context.Background(), "disable", stockService) },
		"stock is masked": func(h *host) {
			h.active[stockService] = false
			h.link(unitDir+"/"+stockService, "/dev/null")
		},
		"stock is overridden by a file": func(h *host) { h.write(unitDir+"/"+stockService, "[Service]\nmine\n", 0o640) },
		"plugin is a link": func(h *host) {
			os.Remove(h.path(pluginPath))
			h.link(pluginPath, "/opt/elsewhere/perfmon")
		},
		"plugin is not executable": func(h *host) { os.Chmod(h.path(pluginPath), 0o600) },
		"no plugin":                func(h *host) { os.Remove(h.path(pluginPath)) },
		"no directory of plugins":  func(h *host) { os.RemoveAll(h.path("/etc/xapi.d")) },
		"no stock unit": func(h *host) {
			h.Do(context.Background(), "disable", stockService)
			os.Remove(h.path("/usr/lib/systemd/system/" + stockService))
			h.active[stockService] = false
		},
		"agent is enabled and runs": func(h *host) {
			h.Do(context.Background(), "enable", systemctl.AgentSocket, systemctl.AgentService)
			h.Do(context.Background(), "start", systemctl.AgentSocket, systemctl.AgentService)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			change(h)
			before := h.snapshot()
			h.mustTake(h.options())
			if !h.active[systemctl.AgentService] || h.active[stockService] {
				t.Errorf("runs: %v", h.active)
			}
			h.mustUndo(h.options())
			h.mustBe("undone", before)
		})
	}
}

var errBroken = errors.New("broken off")

// brokenAfter makes options whose run breaks off at the n-th pass.
func (h *host) brokenAfter(n int) Options {
	o := h.options()
	o.Step = func(string) error {
		if n--; n < 0 {
			return errBroken
		}
		return nil
	}
	return o
}

// TestBrokenOff breaks a takeover and an undo off at each point, and goes on
// in both directions.
func TestBrokenOff(t *testing.T) {
	points := 0
	for n := 0; ; n++ {
		h := newHost(t)
		before := h.snapshot()
		err := Take(context.Background(), h.brokenAfter(n))
		if err == nil {
			break
		}
		points++
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		h.mustUndo(h.options())
		h.mustBe(fmt.Sprintf("broken off at %d, undone", n), before)

		if err := Take(context.Background(), h.brokenAfter(n)); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		h.mustTake(h.options())
		h.mustBeTaken(fmt.Sprintf("broken off at %d, run again", n))
		h.mustUndo(h.options())
		h.mustBe(fmt.Sprintf("broken off at %d, run again, undone", n), before)
	}
	if points < 10 {
		t.Errorf("broke off at %d points, want 10 at least", points)
	}
	points = 0
	for n := 0; ; n++ {
		h := newHost(t)
		before := h.snapshot()
		h.mustTake(h.options())
		if err := Undo(context.Background(), h.brokenAfter(n)); err == nil {
			break
		}
		points++
		h.mustUndo(h.options())
		h.mustBe(fmt.Sprintf("undo broken off at %d, undone", n), before)

		h.mustTake(h.options())
		if err := Undo(context.Background(), h.brokenAfter(n)); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		h.mustTake(h.options())
		h.mustBeTaken(fmt.Sprintf("undo broken off at %d, taken again", n))
		h.mustUndo(h.options())
		h.mustBe(fmt.Sprintf("undo broken off at %d, taken again, undone", n), before)
	}
	if points < 8 {
		t.Errorf("an undo broke off at %d points, want 8 at least", points)
	}
}

// TestManagerFails: whatever systemctl refuses, the way back is open.
func TestManagerFails(t *testing.T) {
	for _, words := range []string{
		"stop " + stockService, "disable " + stockService, "mask " + stockService,
		"enable " + systemctl.AgentSocket + " " + systemctl.AgentService, "start " + systemctl.AgentSocket + " " + systemctl.AgentService,
	} {
		h := newHost(t)
		before := h.snapshot()
		h.fail = words
		if err := Take(context.Background(), h.options()); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v", words, err)
		}
		h.fail = ""
		h.mustUndo(h.options())
		h.mustBe(words, before)
	}
}

// TestUpdateOfTheToolstack: an update puts its own plugin in our place. The
// next takeover keeps that one, and an undo leaves it alone.
func TestUpdateOfTheToolstack(t *testing.T) {
	h := newHost(t)
	h.mustTake(h.options())
	os.Remove(h.path(pluginPath))
	h.write(pluginPath, "newer\n", 0o755)
	h.mustTake(h.options())
	h.mustBeTaken("taken again")
	h.mustUndo(h.options())
	if text, _ := os.ReadFile(h.path(pluginPath)); string(text) != "newer\n" {
		t.Errorf("after undo the plugin is %q", text)
	}

	h.mustTake(h.options())
	os.Remove(h.path(pluginPath))
	h.write(pluginPath, "newest\n", 0o755)
	h.mustUndo(h.options())
	if text, _ := os.ReadFile(h.path(pluginPath)); string(text) != "newest\n" {
		t.Errorf("undo has put an older plugin in the place of %q", text)
	}
}

func TestDryRun(t *testing.T) {
	h := newHost(t)
	before := h.snapshot()
	o := h.options()
	o.DryRun = true
	h.mustTake(o)
	h.mustBe("dry run", before)
	if _, err := os.Stat(h.path("/var")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dry run has written state: %v", err)
	}
	const want = `would save what is here in /var/lib/perfmon/takeover
would stop perfmon.service
would disable perfmon.service
would mask perfmon.service, so that nothing starts it
would put our host plugin at /etc/xapi.d/plugins/perfmon
would enable the agent
would start the agent
`
	if got := o.Out.(*strings.Builder).String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	h.mustTake(h.options())
	taken := h.snapshot()
	o.Out = &strings.Builder{}
	h.mustUndo(o)
	h.mustBe("dry run of undo", taken)
	if got := o.Out.(*strings.Builder).String(); !strings.Contains(got, "would put back the host plugin of before\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestOddNotes(t *testing.T) {
	for text, want := range map[string]string{
		"{":               "unexpected end",
		`{"version": 99}`: "has version 99",
	} {
		h := newHost(t)
		h.write(StateDir+"/"+noteName, text, 0o600)
		if err := Undo(context.Background(), h.options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestDamagedCopy(t *testing.T) {
	h := newHost(t)
	h.mustTake(h.options())
	copies, _ := filepath.Glob(h.path(StateDir) + "/????????????????????????????????????????????????????????????????")
	if len(copies) != 1 {
		t.Fatalf("copies: %q", copies)
	}
	if err := os.WriteFile(copies[0], []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Undo(context.Background(), h.options()); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("got %v", err)
	}
}

func TestNoAgentUnit(t *testing.T) {
	h := newHost(t)
	os.Remove(h.path("/usr/lib/systemd/system/" + systemctl.AgentService))
	before := h.snapshot()
	if err := Take(context.Background(), h.options()); err == nil || !strings.Contains(err.Error(), "install the package") {
		t.Errorf("got %v", err)
	}
	h.mustBe("nothing done", before)
}

func TestOneAtATime(t *testing.T) {
	h := newHost(t)
	o := h.options()
	o.Step = func(string) error { return Take(context.Background(), h.options()) }
	if err := Take(context.Background(), o); err == nil || !strings.Contains(err.Error(), "another takeover is at work") {
		t.Errorf("got %v", err)
	}
}
