//go:build integration

package packages

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// root is a Debian root of its own: this machine's file system with a layer
// over it that takes all changes, and that tells afterwards what has changed.
type root struct {
	t     *testing.T
	dir   string // where it is seen
	upper string // the layer
}

// newRoot skips the test where it cannot be had.
func newRoot(t *testing.T) *root {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("roots of their own need root")
	}
	base := t.TempDir()
	// The layer cannot be on a file system that is itself an overlay.
	if err := unix.Mount("none", base, "tmpfs", 0, "mode=0755"); err != nil {
		t.Skip("this machine mounts no tmpfs: ", err)
	}
	t.Cleanup(func() { unmount(t, base) })
	r := &root{t: t, dir: filepath.Join(base, "root"), upper: filepath.Join(base, "upper")}
	for _, dir := range []string{r.dir, r.upper, filepath.Join(base, "work")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	layers := "lowerdir=/,upperdir=" + r.upper + ",workdir=" + filepath.Join(base, "work")
	if err := unix.Mount("overlay", r.dir, "overlay", 0, layers); err != nil {
		t.Skip("this machine mounts no overlay: ", err)
	}
	t.Cleanup(func() { unmount(t, r.dir) })
	for _, m := range []struct{ source, target, kind string }{{"none", "run", "tmpfs"}, {"proc", "proc", "proc"}, {"none", "tmp", "tmpfs"}} {
		target := filepath.Join(r.dir, m.target)
		if err := unix.Mount(m.source, target, m.kind, 0, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unmount(t, target) })
	}
	dev := filepath.Join(r.dir, "dev")
	if err := unix.Mount("/dev", dev, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unmount(t, dev) })
	return r
}

func unmount(t *testing.T, target string) {
	if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
		t.Errorf("unmount %s: %v", target, err)
	}
}

// try runs a program in the root.
func (r *root) try(name string, args ...string) (string, error) {
	cmd := exec.Command("chroot", append([]string{r.dir, name}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (r *root) run(name string, args ...string) string {
	r.t.Helper()
	said, err := r.try(name, args...)
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return said
}

// dpkg runs it without what other packages would do because of a change: reading
// all manual pages of this machine again takes longer than everything else.
func (r *root) dpkg(args ...string) string {
	r.t.Helper()
	return r.run("dpkg", append([]string{"--no-triggers"}, args...)...)
}

// take copies a file into the root's /tmp, and returns its path in there.
func (r *root) take(path string) string {
	r.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	name := "/tmp/" + filepath.Base(path)
	if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o644); err != nil {
		r.t.Fatal(err)
	}
	return name
}

func (r *root) write(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(r.dir, name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *root) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func (r *root) has(name string) bool {
	_, err := os.Lstat(filepath.Join(r.dir, name))
	return err == nil
}

// bookkeeping is what the package managers change for themselves.
var bookkeeping = []string{"var/lib/dpkg", "var/lib/rpm", "var/cache", "var/log", "var/lib/systemd/deb-systemd", "run", "tmp", "dev", "root/.rpmdb"}

// changes are the files in the layer, and the directories that only it has.
// What is gone from the machine's own root counts too.
func (r *root) changes() []string {
	r.t.Helper()
	var list []string
	err := filepath.WalkDir(r.upper, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == r.upper {
			return err
		}
		name, _ := filepath.Rel(r.upper, path)
		if slices.ContainsFunc(bookkeeping, func(b string) bool {
			return name == b || strings.HasPrefix(name, b+"/") || strings.HasPrefix(name, b+"-")
		}) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			if info, err := os.Lstat("/" + name); err == nil && info.IsDir() {
				return nil
			}
		}
		if _, err := os.Lstat("/" + name); err != nil && e.Type()&fs.ModeCharDevice != 0 {
			return nil // the mark of something that was made and removed
		}
		if below, err := os.ReadDir("/" + name); err == nil && len(below) == 0 && e.Type()&fs.ModeCharDevice != 0 {
			return nil // rpm does not know that an empty directory is another's, one of dpkg's
		}
		list = append(list, "/"+name)
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}
