//go:build system

package packages

import (
	"bufio"
	gocmp "cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/docs/docstest"
)

const (
	quickstart = "docs/quickstart.md"
	// walkVersion is what the page's outputs say.
	walkVersion = "1.0.0"
	// walkPatience is how long the page may have to wait for what it shows:
	// this machine may be busy with other things.
	walkPatience = 5 * time.Minute
)

// TestQuickstart types what docs/quickstart.md has a newcomer type, in a guest
// and in its order, and compares what comes with what the page shows. With
// -update the page and its pictures are made anew.
func TestQuickstart(t *testing.T) {
	tree := repository(t)
	path := filepath.Join(tree, quickstart)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page, err := parseWalk(string(text))
	if err != nil {
		t.Fatalf("%s: %v", quickstart, err)
	}
	mustHaveRoot(t)
	// Before the guest is there, which would see all the work as its own.
	deb, look := one(t, build(t, tree, walkVersion), ".deb"), pageTest(t, tree)
	for n := 0; docstest.Updating() && busy(t) && n < 120; n++ {
		t.Log("others keep this machine busy; the page shall show the work of its own load")
	}
	g := newGuest(t)
	g.take(deb, "/root/"+filepath.Base(deb), 0o644)
	w := &walk{guest: g, tree: tree, look: look, shell: newShell(g), remembered: map[string]map[string]string{}}
	for i := range page {
		if t.Failed() {
			break
		}
		w.part(&page[i])
	}
	if !docstest.Updating() || t.Failed() {
		return
	}
	if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// walk is where somebody has got to who follows the page.
type walk struct {
	*guest
	tree       string
	look       string // the test of the page, or nothing where there is no browser
	shell      *shell
	until      *regexp.Regexp // what the next block has to show in the end
	quiet      bool           // unless others keep this machine busy
	remembered map[string]map[string]string
}

// part does one part of the page: a hint for the test, or a block of commands.
func (w *walk) part(p *part) {
	w.t.Helper()
	switch verb, rest, _ := strings.Cut(p.hint, " "); verb {
	case "until", "quiet": // the last command of the next block is typed again until it shows this
		w.until, w.quiet = regexp.MustCompile(rest), verb == "quiet"
	case "while": // so long the picture of the load has to grow, in which nobody types
		if d, err := time.ParseDuration(rest); err != nil {
			w.t.Fatal(err)
		} else if docstest.Updating() {
			time.Sleep(d)
		}
	case "stock":
		addStock(w.guest)
	case "remember":
		w.remembered[rest] = w.files("/etc", "/usr")
	case "same": // every byte, mode, owner and time
		if diff := cmp.Diff(w.remembered[rest], w.files("/etc", "/usr")); diff != "" || len(w.remembered[rest]) == 0 {
			w.t.Errorf("not as it was at %q (-before +after):\n%s", rest, diff)
		}
	case "gone":
		mustBeGone(w.guest)
	case "browser":
		w.mustStayOnLoopback()
		w.browse()
	case "":
		w.block(p)
	default:
		w.t.Fatalf("a hint that means nothing: %q", p.hint)
	}
}

func (w *walk) block(p *part) {
	w.t.Helper()
	defer func() { w.until = nil }()
	for i := range p.steps {
		s := &p.steps[i]
		got := w.shell.run(s.command)
		if w.until != nil && i == len(p.steps)-1 {
			// Only questions are asked twice.
			for end := time.Now().Add(walkPatience); !w.until.MatchString(got) && time.Now().Before(end); got = w.shell.run(s.command) {
				time.Sleep(2 * time.Second)
			}
			shown := w.until.MatchString(got)
			if !shown && w.quiet && !docstest.Updating() && busy(w.t) {
				w.t.Logf("not compared, since others keep this machine busy: %s\n%s", s.command, got)
				return
			}
			if !shown {
				w.t.Fatalf("%s: it does not come to show %q:\n%s", s.command, w.until, got)
			}
		}
		w.t.Logf("# %s\n%s", s.command, got)
		if docstest.Updating() {
			s.output = got
			continue
		}
		if diff := cmp.Diff(constant(s.output), constant(got)); diff != "" {
			w.t.Errorf("%s shows of %q something else (-page +here); if that is right, make system UPDATE=yes\n%s", quickstart, s.command, diff)
		}
	}
}

// busy says whether an alarm of the guest goes on without its doing: a
// processor in there is one of this machine's.
func busy(t *testing.T) bool {
	t.Helper()
	before := idle(t)
	time.Sleep(5 * time.Second)
	for cpu, ticks := range idle(t) {
		if ticks-before[cpu] < 50 { // of 500
			return true
		}
	}
	return false
}

// idle is for how many hundredths of a second each processor had nothing to do.
//
//	cpu0 25310 0 8115 2200113 1205 0 301 0 0 0
func idle(t *testing.T) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	idle := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasPrefix(f[0], "cpu") || f[0] == "cpu" {
			continue
		}
		for _, ticks := range f[4:6] { // waiting for a disk is idle too
			n, err := strconv.ParseInt(ticks, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			idle[f[0]] += n
		}
	}
	return idle
}

// mustStayOnLoopback: the web port can be reached from the guest alone.
func (w *walk) mustStayOnLoopback() {
	w.t.Helper()
	listening := 0
	for line := range strings.Lines(w.run("cat", "/proc/net/tcp", "/proc/net/tcp6")) {
		//   sl  local_address rem_address   st ...
		//    0: 0100007F:263D 00000000:0000 0A ...
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != "0A" {
			continue
		}
		if listening++; f[1] != "0100007F:263D" {
			w.t.Errorf("somebody listens on %s", f[1])
		}
	}
	if listening != 1 {
		w.t.Errorf("%d sockets listen, want the web port alone", listening)
	}
}

// pageTest builds the test of the page that needs a browser.
func pageTest(t *testing.T, tree string) string {
	t.Helper()
	if _, err := exec.LookPath(gocmp.Or(os.Getenv("CHROMIUM"), "chromium")); err != nil {
		if docstest.Updating() {
			t.Fatalf("no pictures: %v (make browser installs it)", err)
		}
		t.Logf("the page is not looked at: %v (make browser installs it)", err)
		return ""
	}
	program := filepath.Join(t.TempDir(), "page.test")
	cmd := exec.Command(gocmp.Or(os.Getenv("GO"), "go"), "test", "-c", "-tags", "browser", "-o", program, "./monitor/api/page")
	cmd.Dir = tree
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the test of the page: %v\n%s", err, said)
	}
	return program
}

// browse looks at the page in a real Chromium: the test of the page that does
// that is run in the guest's network, where the page is on 127.0.0.1.
func (w *walk) browse() {
	w.t.Helper()
	if w.look == "" {
		return
	}
	pictures := w.t.TempDir()
	pid := strings.TrimSpace(w.outside("lxc-info", "-P", w.dir, "-n", guestName, "-p", "-H"))
	cmd := exec.Command("nsenter", "-t", pid, "-n", w.look, "-test.run", "^TestElsewhere$", "-test.v")
	cmd.Dir = filepath.Join(w.tree, "monitor/api/page")
	cmd.Env = append(os.Environ(), "PERFMON_PAGE=http://127.0.0.1:9789", "PERFMON_PICTURES="+pictures)
	if said, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(said), "--- PASS: TestElsewhere") {
		w.t.Fatalf("the page in a browser: %v\n%s", err, said)
	}
	if !docstest.Updating() {
		return
	}
	for _, name := range []string{"now", "variable"} {
		picture, err := os.ReadFile(filepath.Join(pictures, name+".png"))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.tree, "docs/img/quickstart-"+name+".png"), picture, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
}

// outside runs a program here, not in the guest.
func (w *walk) outside(name string, args ...string) string {
	w.t.Helper()
	said, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", name, err, said)
	}
	return string(said)
}

// shell is root's shell in the guest, the same one for the whole page.
type shell struct {
	t    *testing.T
	in   io.Writer
	out  *bufio.Reader
	stop func()
	n    int
}

func newShell(g *guest) *shell {
	g.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "lxc-attach", "-P", g.dir, "-n", guestName, "--clear-env",
		"--set-var", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "--set-var", "HOME=/root", "--set-var", "LANG=C.UTF-8", "--", "bash", "--norc")
	in, err := cmd.StdinPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		in.Close()
		cancel()
		_ = cmd.Wait()
	})
	s := &shell{t: g.t, in: in, out: bufio.NewReader(out), stop: cancel}
	s.run("cd")
	return s
}

// run types a command, which has to go well, and returns what it prints.
func (s *shell) run(command string) string {
	s.t.Helper()
	s.n++
	end := fmt.Sprintf("--- %d ended with ", s.n)
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\n%s%%d\\n' $?\n", command, end); err != nil {
		s.t.Fatalf("type %q: %v", command, err)
	}
	defer time.AfterFunc(2*time.Minute, s.stop).Stop()
	var said strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v\n%s", command, err, said.String()+line)
		}
		code, ended := strings.CutPrefix(line, end)
		if !ended {
			said.WriteString(line)
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(code)); err != nil || n != 0 {
			s.t.Fatalf("%s: it ended with %s%s", command, code, said.String())
		}
		return strings.TrimSuffix(said.String(), "\n")
	}
}
