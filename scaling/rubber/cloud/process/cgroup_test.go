package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// unified is a new group of the unified tree, if there is one and we may make
// groups in it.
func unified(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		path, err := os.MkdirTemp(fields[1], "process-test-")
		if err != nil {
			t.Skipf("no control groups may be made: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		})
		return path
	}
	t.Skip("there is no unified tree of control groups")
	return ""
}

// With a control group not even a child gets away that nothing else tells of.
func TestControlGroup(t *testing.T) {
	o := options(t)
	o.Cgroup, o.Grace = unified(t), 50*time.Millisecond
	c := connect(t, o)
	made := mustCreate(t, c, role(t, "a", "parent", "LEAVE=1", "UTTERLY=1"))
	text := said(t, c, made.ID, "stdout.log", "all")
	members, err := c.groupMembers(made.ID)
	if err != nil || len(members) < 6 || !strings.Contains(text, "utterly") {
		t.Fatalf("members %v, %v; it said %s", members, err, text)
	}
	if err := os.Mkdir(filepath.Join(o.Cgroup, made.ID, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for pid := range members {
		if isAlive(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
	if left, err := filepath.Glob(filepath.Join(o.Cgroup, "me.*")); len(left) > 0 || err != nil {
		t.Errorf("groups are left: %v, %v", left, err)
	}
}
