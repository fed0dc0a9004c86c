package process

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"perfmon/scaling/rubber/cloud"
)

// TestWayOut: what a unit takes away from its processes is told with what
// gives it back.
func TestWayOut(t *testing.T) {
	f := func(err error, kind cloud.Kind, hint string) {
		t.Helper()
		var e *cloud.Error
		if got := classed("create", "m", fmt.Errorf("start: %w", err)); !errors.As(got, &e) || e.Kind != kind || !strings.Contains(e.Hint, hint) || hint == "" != (e.Hint == "") {
			t.Errorf("%v: got %v, want %v and %q", err, got, kind, hint)
		}
	}
	f(&fs.PathError{Op: "open", Path: bootFile, Err: syscall.ENOENT}, cloud.Transient, "/usr/share/rubber/process.conf")
	f(&fs.PathError{Op: "open", Path: "/elsewhere", Err: syscall.ENOENT}, cloud.Transient, "")
	f(syscall.ENOSYS, cloud.Transient, "RestrictNamespaces=no")
	f(syscall.EACCES, cloud.Auth, "own the folder")
}
