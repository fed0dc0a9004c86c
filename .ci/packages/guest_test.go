//go:build system

package packages

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var rootFlag = flag.String("root", "", "a Debian root with systemd; it is not written to")

// guest is a container with systemd as its PID 1 and a network namespace of
// its own.
type guest struct {
	t    *testing.T
	dir  string // for LXC
	root string // its root directory, seen from here
}

const (
	guestName = "perfmon-test" // here
	hostName  = "debian"       // in there
)

func mustHaveRoot(t *testing.T) {
	t.Helper()
	if *rootFlag == "" {
		t.Skip("no -root: make system gives one")
	}
}

// builds is where packages are that more than one guest gets.
var builds string

// built is the directory of the packages of a version, which is built by the
// first test that asks.
func built(t *testing.T, tree, version string) string {
	t.Helper()
	dir := filepath.Join(builds, version)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.Rename(build(t, tree, version), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// newGuest boots one on a layer over the root, or says what this machine
// lacks, and skips.
func newGuest(t *testing.T) *guest {
	t.Helper()
	mustHaveRoot(t)
	if _, err := exec.LookPath("lxc-start"); err != nil {
		t.Skip("no LXC here: ", err)
	}
	base := t.TempDir()
	if err := unix.Mount("none", base, "tmpfs", 0, "mode=0755"); err != nil {
		t.Skip("this machine mounts no tmpfs: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(base, unix.MNT_DETACH) })
	g := &guest{t: t, dir: filepath.Join(base, "lxc"), root: filepath.Join(base, "root")}
	upper, work := filepath.Join(base, "upper"), filepath.Join(base, "work")
	for _, dir := range []string{g.dir, g.root, upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("overlay", g.root, "overlay", 0, "lowerdir="+*rootFlag+",upperdir="+upper+",workdir="+work); err != nil {
		t.Skip("this machine mounts no overlay: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(g.root, unix.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(g.root, "etc/hostname"), []byte(hostName+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(base, "config")
	text := "lxc.include = /usr/share/lxc/config/common.conf\nlxc.rootfs.path = dir:" + g.root +
		"\nlxc.apparmor.profile = unconfined\nlxc.net.0.type = empty\nlxc.uts.name = " + hostName + "\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(base, "log")
	started, err := exec.Command("lxc-start", "-P", g.dir, "-n", guestName, "-f", config, "-d", "-o", log, "-l", "warn").CombinedOutput()
	if err != nil {
		said, _ := os.ReadFile(log)
		t.Skipf("this machine starts no container: %v\n%s%s", err, started, said)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("lxc-stop", "-P", g.dir, "-n", guestName, "-k").CombinedOutput(); err != nil {
			t.Errorf("stop the guest: %v\n%s", err, out)
		}
	})
	state := ""
	if !g.wait(time.Minute, func() bool {
		state, _ = g.try("systemctl", "is-system-running")
		return strings.HasPrefix(state, "running") || strings.HasPrefix(state, "degraded")
	}) {
		t.Skipf("systemd does not come up in a container here: %q", state)
	}
	t.Logf("a guest with %s", strings.SplitN(g.run("systemctl", "--version"), "\n", 2)[0])
	return g
}

// try runs a program in the guest.
func (g *guest) try(name string, args ...string) (string, error) {
	cmd := exec.Command("lxc-attach", append([]string{"-P", g.dir, "-n", guestName, "--clear-env",
		"--set-var", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "--set-var", "DEBIAN_FRONTEND=noninteractive", "--", name}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (g *guest) run(name string, args ...string) string {
	g.t.Helper()
	said, err := g.try(name, args...)
	if err != nil {
		journal, _ := g.try("journalctl", "--no-pager", "-n", "60")
		g.t.Fatalf("%s %s: %v\n%s\n--- journal\n%s", name, strings.Join(args, " "), err, said, journal)
	}
	return said
}

// wait asks until the answer is yes. What is waited for is other processes'.
func (g *guest) wait(limit time.Duration, yes func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if yes() {
			return true
		}
	}
	return yes()
}

func (g *guest) mustSoon(what string, yes func() bool) {
	g.t.Helper()
	if !g.wait(90*time.Second, yes) {
		journal, _ := g.try("journalctl", "--no-pager", "-n", "60")
		g.t.Fatalf("not within a minute and a half: %s\n--- journal\n%s", what, journal)
	}
}

func (g *guest) write(name, text string, mode fs.FileMode) {
	g.t.Helper()
	path := filepath.Join(g.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		g.t.Fatal(err)
	}
}

// take copies a file in, and returns its path in there.
func (g *guest) take(path, name string, mode fs.FileMode) string {
	g.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		g.t.Fatal(err)
	}
	g.write(name, string(content), mode)
	return name
}

func (g *guest) property(unit, name string) string {
	return strings.TrimSpace(g.run("systemctl", "show", "--property", name, "--value", unit))
}

func (g *guest) active(unit string) bool { return g.property(unit, "ActiveState") == "active" }

// metric is one line of the metrics page, by what it begins with; false if the
// page or the line is not there.
func (g *guest) metric(name string) (float64, bool) {
	page, err := g.try("bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/9789 && printf 'GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && cat <&3`)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(page) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return value, err == nil
		}
	}
	return 0, false
}

// files is everything below these directories of the guest: type, mode, owner,
// and time and content of a file, or where a link leads.
func (g *guest) files(dirs ...string) map[string]string {
	g.t.Helper()
	all := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(g.root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			owner := info.Sys().(*syscall.Stat_t)
			what := fmt.Sprintf("%v %d:%d", info.Mode(), owner.Uid, owner.Gid)
			switch {
			case info.Mode().IsRegular():
				content, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				what += fmt.Sprintf(" %s %x", info.ModTime().UTC().Format(time.RFC3339Nano), sha256.Sum256(content))
			case info.Mode().Type() == fs.ModeSymlink:
				target, err := os.Readlink(path)
				if err != nil {
					return err
				}
				what += " -> " + target
			}
			name, _ := filepath.Rel(g.root, path)
			all["/"+name] = what
			return nil
		})
		if err != nil {
			g.t.Fatal(err)
		}
	}
	return all
}
