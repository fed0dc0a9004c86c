//go:build integration

package packages

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// must are files that a package has, whatever else is added to it.
var must = []string{
	"/usr/sbin/perfmon", "/usr/bin/perfmonctl",
	"/usr/lib/systemd/system/perfmon-agent.service", "/usr/lib/systemd/system/perfmon-agent.socket",
	"/etc/perfmon/perfmon.yaml", "/etc/perfmon/triggers",
	"/usr/share/man/man8/perfmon.8.gz", "/usr/share/man/man1/perfmonctl.1.gz", "/usr/share/man/man1/perfmonctl-takeover.1.gz",
	"/usr/share/bash-completion/completions/perfmonctl", "/usr/share/fish/vendor_completions.d/perfmonctl.fish",
	"/usr/share/perfmon/triggers/host.xml", "/usr/share/perfmon/triggers/vm.xml", "/usr/share/perfmon/triggers/sr.xml", "/usr/share/perfmon/perfmon.yaml",
	"/usr/share/perfmon/prometheus/perfmon.rules.yml", "/usr/share/perfmon/prometheus/perfmon-alarms.rules.yml",
	"/usr/share/perfmon/prometheus/relabel-xen-orchestra.yml", "/usr/share/perfmon/prometheus/relabel-xen-exporter.yml",
	"/usr/share/perfmon/grafana/perfmon-host.json", "/usr/share/perfmon/grafana/perfmon-vms.json", "/usr/share/perfmon/grafana/perfmon-alarms.json",
	"/usr/share/doc/perfmon-agent/README.md", "/usr/share/doc/perfmon-agent/docs/install.md", "/usr/share/doc/perfmon-agent/copyright",
}

// completionOfZsh is where each kind of system has zsh look.
var completionOfZsh = map[string]string{
	"deb": "/usr/share/zsh/vendor-completions/_perfmonctl", "rpm": "/usr/share/zsh/site-functions/_perfmonctl",
}

// may is where files of a package can be. Nothing is in the stock daemon's
// places: not its unit, not its plugin, not its sysconfig file.
var may = regexp.MustCompile(`^/(usr/sbin/perfmon|usr/bin/perfmonctl|usr/lib/systemd/system/perfmon-agent\.(service|socket)|` +
	`etc/perfmon/(perfmon\.yaml|triggers)|usr/share/man/man[18]/perfmon[a-z.-]*\.[18]\.gz|` +
	`usr/share/bash-completion/completions/perfmonctl|usr/share/zsh/(vendor-completions|site-functions)/_perfmonctl|` +
	`usr/share/fish/vendor_completions\.d/perfmonctl\.fish|usr/share/(perfmon|doc/perfmon-agent)/.+)$`)

// entry is a file or directory of a package: `-rwxr-xr-x root/root … ./usr`.
type entry struct{ mode, owner, path string }

// judge looks at the list of a package.
func judge(t *testing.T, kind string, list []entry) {
	t.Helper()
	var paths []string
	for _, e := range list {
		paths = append(paths, e.path)
		want := "-rw-r--r--"
		switch {
		case e.mode[0] == 'd':
			want = "drwxr-xr-x"
		case e.path == "/usr/sbin/perfmon", e.path == "/usr/bin/perfmonctl":
			want = "-rwxr-xr-x"
		}
		if e.mode != want || e.owner != "root/root" {
			t.Errorf("%s: %s is %s of %s, want %s of root/root", kind, e.path, e.mode, e.owner, want)
		}
		if e.mode[0] != 'd' && !may.MatchString(e.path) {
			t.Errorf("%s: %s is not ours to install", kind, e.path)
		}
	}
	for _, path := range append([]string{completionOfZsh[kind]}, must...) {
		if !slices.Contains(paths, path) {
			t.Errorf("%s has no %s", kind, path)
		}
	}
	mustLead(t, kind, "/usr/share/doc/perfmon-agent", paths)
}

// mustLead: links of the documents in that folder lead somewhere.
func mustLead(t *testing.T, kind, folder string, paths []string) {
	t.Helper()
	for page, links := range pages(t) {
		for _, to := range links {
			// What is above the pages is in the source alone.
			path := filepath.Join(folder, filepath.Dir(page), to)
			if !strings.HasPrefix(to, "../") && !slices.Contains(paths, path) {
				t.Errorf("%s: %s leads to %s, which is not in the package", kind, page, to)
			}
		}
	}
}

// entriesOfDeb and entriesOfRPM are what is in a package.
func entriesOfDeb(t *testing.T, deb string) (list []entry) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^(\S+) (\S+) +\d+ \S+ \S+ \.(/\S+?)/?$`)
	for _, m := range line.FindAllStringSubmatch(output(t, "dpkg-deb", "--contents", deb), -1) {
		list = append(list, entry{m[1], m[2], m[3]})
	}
	return list
}

func entriesOfRPM(t *testing.T, rpm string) (list []entry) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^(\S+) (\S+/\S+) (/\S+)$`)
	said := output(t, "rpm", "--query", "--package", "--queryformat", "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]", rpm)
	for _, m := range line.FindAllStringSubmatch(said, -1) {
		list = append(list, entry{m[1], m[2], m[3]})
	}
	return list
}

// link is one of Markdown, or a picture, to a file: [text](install.md#remove).
var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// pages are the documents of the source, with what they lead to.
func pages(t *testing.T) map[string][]string {
	t.Helper()
	tree := repository(t)
	found, err := filepath.Glob(filepath.Join(tree, "docs/*.md"))
	if err != nil || len(found) < 10 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	all := map[string][]string{}
	for _, path := range append(found, filepath.Join(tree, "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(tree, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			all[name] = append(all[name], m[1])
		}
	}
	return all
}

// TestPackages builds the packages and takes them through their lives.
func TestPackages(t *testing.T) {
	tree := repository(t)
	older, newer := build(t, tree, olderVersion), build(t, tree, newerVersion)
	t.Run("same bytes", func(t *testing.T) { sameBytes(t, tree, newer) })
	t.Run("deb", func(t *testing.T) { debLife(t, one(t, older, ".deb"), one(t, newer, ".deb")) })
	t.Run("deb beside stock", func(t *testing.T) { debBesideStock(t, one(t, newer, ".deb")) })
	t.Run("rpm", func(t *testing.T) { rpmLife(t, one(t, older, ".rpm"), one(t, newer, ".rpm")) })
	t.Run("rpm of old", func(t *testing.T) { rpmOfOld(t, one(t, newer, ".rpm"), "/bin/sh") })
	t.Run("rubber deb", func(t *testing.T) {
		rubberLife(t, oneOf(t, older, rubberPackage, ".deb"), oneOf(t, newer, rubberPackage, ".deb"))
	})
	t.Run("rubber rpm", func(t *testing.T) {
		rubberRPM(t, oneOf(t, older, rubberPackage, ".rpm"), oneOf(t, newer, rubberPackage, ".rpm"))
	})
	t.Run("rubber rpm of old", func(t *testing.T) {
		rpmOfOld(t, oneOf(t, newer, rubberPackage, ".rpm"), "/bin/sh", "shadow-utils")
	})
}

// sameBytes builds again from a copy somewhere else, with another umask, time
// zone and language.
func sameBytes(t *testing.T, tree, first string) {
	other := filepath.Join(t.TempDir(), "other place")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	copying := exec.Command("sh", "-c", `git -C "$0" ls-files -z --cached --others --exclude-standard |
		(cd "$0" && xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh) | tar -C "$0" --null -T - -c | tar -C "$1" -x`, tree, other)
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("copy the tree: %v\n%s", err, out)
	}
	// Editors and umasks leave other modes.
	output(t, "chmod", "-R", "go-rwx", other)
	second := build(t, other, newerVersion, "TZ=Asia/Tokyo", "LC_ALL=C.UTF-8", "USER=somebody", "HOSTNAME=elsewhere")
	for _, name := range []string{"perfmon-agent", rubberPackage} {
		for _, ending := range []string{".deb", ".rpm"} {
			a, err := os.ReadFile(oneOf(t, first, name, ending))
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(oneOf(t, second, name, ending))
			if err != nil {
				t.Fatal(err)
			}
			if string(a) != string(b) {
				t.Errorf("two builds of the same source differ: %s%s of %d and %d bytes", name, ending, len(a), len(b))
			}
		}
	}
}

func debLife(t *testing.T, older, newer string) {
	judge(t, "deb", entriesOfDeb(t, newer))

	r := newRoot(t)
	if had := r.changes(); len(had) > 0 {
		t.Fatalf("a new root has changes: %q", had)
	}
	old, recent := r.take(older), r.take(newer)
	r.dpkg("-i", old)
	r.mustBeEnabled()
	r.mustTellOfAll("perfmon-agent", "/usr/sbin/perfmon", "/usr/bin/perfmonctl")
	if got := r.run("perfmonctl", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("installed, it says %q", got)
	}
	if got := r.run("perfmon", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("installed, it says %q", got)
	}
	r.write("/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.write("/var/lib/perfmon/journal.db", "what it remembers")

	r.dpkg("-i", "--force-confold", recent)
	if got := r.run("perfmonctl", "--version"); !strings.Contains(got, newerVersion) {
		t.Errorf("upgraded, it says %q", got)
	}
	r.mustBeEnabled()
	r.mustKeep("upgraded", "/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.mustKeep("upgraded", "/var/lib/perfmon/journal.db", "what it remembers")

	// What an operator has switched off stays off.
	r.run("systemctl", "disable", "perfmon-agent.socket", "perfmon-agent.service")
	r.dpkg("-i", "--force-confold", old)
	if got := r.run("perfmonctl", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("downgraded, it says %q", got)
	}
	if r.has(wanted) {
		t.Error("a downgrade has enabled what was disabled")
	}
	r.mustKeep("downgraded", "/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.run("systemctl", "enable", "perfmon-agent.socket", "perfmon-agent.service")

	r.dpkg("--remove", "perfmon-agent")
	if r.has("/usr/sbin/perfmon") {
		t.Error("removed, and /usr/sbin/perfmon is there")
	}
	r.mustKeep("removed", "/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.dpkg("-i", "--force-confold", recent)
	r.mustBeEnabled()
	r.write("/etc/perfmon/triggers/host.xml", "<config/>")
	r.dpkg("--purge", "perfmon-agent")
	r.mustBeClean("purged")
}

// debBesideStock: where there is a stock daemon, nothing is started or enabled.
func debBesideStock(t *testing.T, newer string) {
	r := newRoot(t)
	r.write("/usr/lib/systemd/system/perfmon.service", "[Service]\nExecStart=/bin/true\n")
	said := r.dpkg("-i", r.take(newer))
	if !strings.Contains(said, "'perfmonctl takeover' puts the agent in its place") {
		t.Errorf("it does not say how to go on:\n%s", said)
	}
	if r.has(wanted) {
		t.Error("the agent is enabled beside the stock daemon")
	}
	r.dpkg("--purge", "perfmon-agent")
	if got := r.changes(); !slices.Equal(got, []string{"/usr/lib/systemd/system/perfmon.service"}) {
		t.Errorf("purged, there are %q", got)
	}
}

func rpmLife(t *testing.T, older, newer string) {
	judge(t, "rpm", entriesOfRPM(t, newer))

	r := newRoot(t)
	rpm := r.rpm()
	rpm("--install", older)
	r.mustBeEnabled()
	r.mustTellOfAll("perfmon-agent", "/usr/sbin/perfmon", "/usr/bin/perfmonctl")
	if got := rpm("--verify", "perfmon-agent"); got != "" {
		t.Errorf("installed, rpm finds a difference:\n%s", got)
	}
	r.write("/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.write("/var/lib/perfmon/journal.db", "what it remembers")

	rpm("--upgrade", newer)
	if got := r.run("perfmonctl", "--version"); !strings.Contains(got, newerVersion) {
		t.Errorf("upgraded, it says %q", got)
	}
	r.mustBeEnabled()
	r.mustKeep("upgraded", "/etc/perfmon/perfmon.yaml", "mute_vms: true\n")
	r.mustKeep("upgraded", "/var/lib/perfmon/journal.db", "what it remembers")

	rpm("--upgrade", "--oldpackage", older)
	if got := r.run("perfmonctl", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("downgraded, it says %q", got)
	}
	r.mustKeep("downgraded", "/etc/perfmon/perfmon.yaml", "mute_vms: true\n")

	rpm("--erase", "perfmon-agent")
	// rpm keeps what somebody has edited, under another name.
	r.mustKeep("erased", "/etc/perfmon/perfmon.yaml.rpmsave", "mute_vms: true\n")
	r.run("rm", "-r", "/etc/perfmon", "/var/lib/rpm-of-test")
	r.mustBeClean("erased")
}

// rpm works on the root from outside, with a database of its own in there.
func (r *root) rpm() func(args ...string) string {
	r.t.Helper()
	rpm := func(args ...string) string {
		r.t.Helper()
		return output(r.t, "rpm", append([]string{"--root", r.dir, "--dbpath", "/var/lib/rpm-of-test"}, args...)...)
	}
	// What a file manager of Debian does not do: rpm has no settings there.
	r.run("mkdir", "-p", "/var/lib/rpm-of-test")
	rpm("--initdb")
	return rpm
}

// rpmOfOld: the rpm 4.11 of the control domains can read it.
func rpmOfOld(t *testing.T, newer string, needs ...string) {
	// Features of the format that it knows, as rpm --showrc lists them.
	knows := []string{"CompressedFileNames", "PayloadFilesHavePrefix", "PayloadIsXz", "PayloadIsGzip", "FileDigests", "VersionedDependencies", "TildeInVersions"}
	for line := range strings.Lines(output(t, "rpm", "--query", "--package", "--requires", newer)) {
		if feature, ok := strings.CutPrefix(line, "rpmlib("); ok {
			name, _, _ := strings.Cut(feature, ")")
			if !slices.Contains(knows, name) {
				t.Errorf("it needs an rpm that knows %s", name)
			}
			continue
		}
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(needs, line) {
			t.Errorf("it needs %s; the programs are static", line)
		}
	}
	// 8 is SHA-256, which it knows.
	got := output(t, "rpm", "--query", "--package", "--queryformat", "%{PAYLOADCOMPRESSOR} %{FILEDIGESTALGO} %{PAYLOADFORMAT}", newer)
	if got != "gzip 8 cpio" && got != "xz 8 cpio" {
		t.Errorf("payload and digests are %q", got)
	}
}

// mustTellOfAll: the copyright file has every module that the programs
// themselves say is in them, and what they are linked with beside that.
func (r *root) mustTellOfAll(name string, programs ...string) {
	r.t.Helper()
	told := r.read("/usr/share/doc/" + name + "/copyright")
	want := []string{"*", "monitor/api/page/kit/assets/uplot/*"}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(filepath.Join(r.dir, program))
		if err != nil {
			r.t.Fatal(err)
		}
		if len(info.Deps) < 10 {
			r.t.Errorf("%s says that it has %d modules in it", program, len(info.Deps))
		}
		want = append(want, "Go@"+info.GoVersion+"/*")
		for _, m := range info.Deps {
			if m.Replace != nil && strings.HasPrefix(m.Replace.Path, ".") {
				continue // ours, in the place of another's
			}
			want = append(want, m.Path+"@"+m.Version+"/*")
		}
	}
	for _, files := range want {
		if !strings.Contains(told, "\nFiles: "+files+"\n") {
			r.t.Errorf("the copyright file does not tell of %s", files)
		}
	}
}

// wanted is a link that is there while the agent is enabled.
const wanted = "/etc/systemd/system/multi-user.target.wants/perfmon-agent.service"

func (r *root) mustBeEnabled() {
	r.t.Helper()
	for _, link := range []string{wanted, "/etc/systemd/system/toolstack.target.wants/perfmon-agent.service", "/etc/systemd/system/sockets.target.wants/perfmon-agent.socket"} {
		if !r.has(link) {
			r.t.Errorf("the agent is not enabled: no %s", link)
		}
	}
}

func (r *root) mustKeep(when, path, want string) {
	r.t.Helper()
	if got := r.read(path); got != want {
		r.t.Errorf("%s, %s has %q, want %q", when, path, got, want)
	}
}

func (r *root) mustBeClean(when string) {
	r.t.Helper()
	if left := r.changes(); len(left) > 0 {
		r.t.Errorf("%s, there are left: %q", when, left)
	}
}

// output runs a program that has to go well.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, &complaints)
	}
	return string(out)
}
