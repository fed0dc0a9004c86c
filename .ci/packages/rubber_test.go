//go:build integration

package packages

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rubberMust are files that the package has.
var rubberMust = []string{
	"/usr/bin/rubber", "/usr/lib/systemd/system/rubber.service", "/etc/rubber/rubber.yaml",
	"/usr/share/man/man1/rubber.1.gz", "/usr/share/man/man1/rubber-serve.1.gz", "/usr/share/man/man1/rubber-import-config.1.gz",
	"/usr/share/bash-completion/completions/rubber", "/usr/share/fish/vendor_completions.d/rubber.fish",
	"/usr/share/rubber/rubber.yaml", "/usr/share/rubber/process.conf", "/usr/share/rubber/prometheus/rubber.rules.yml", "/usr/share/rubber/grafana/rubber.json",
	"/usr/share/doc/perfmon-rubber/copyright", "/usr/share/doc/perfmon-rubber/README.md", "/usr/share/doc/perfmon-rubber/docs/rubber-package.md",
}

// rubberCompletionOfZsh is where each kind of system has zsh look.
var rubberCompletionOfZsh = map[string]string{
	"deb": "/usr/share/zsh/vendor-completions/_rubber", "rpm": "/usr/share/zsh/site-functions/_rubber",
}

// rubberMay is where its files can be.
var rubberMay = regexp.MustCompile(`^/(usr/bin/rubber|usr/lib/systemd/system/rubber\.service|etc/rubber/rubber\.yaml|` +
	`usr/share/man/man1/rubber[a-z-]*\.1\.gz|usr/share/bash-completion/completions/rubber|` +
	`usr/share/zsh/(vendor-completions|site-functions)/_rubber|usr/share/fish/vendor_completions\.d/rubber\.fish|` +
	`usr/share/(rubber|doc/perfmon-rubber)/.+)$`)

// judgeRubber looks at the list of a package. owner is that of /etc/rubber.
func judgeRubber(t *testing.T, kind string, list []entry, owner string) {
	t.Helper()
	var paths []string
	for _, e := range list {
		paths = append(paths, e.path)
		want := entry{"-rw-r--r--", "root/root", e.path}
		switch {
		case e.path == "/etc/rubber":
			want.mode, want.owner = "drwxr-x---", owner
		case e.mode[0] == 'd':
			want.mode = "drwxr-xr-x"
		case e.path == "/usr/bin/rubber":
			want.mode = "-rwxr-xr-x"
		}
		if e != want {
			t.Errorf("%s: %s is %s of %s, want %s of %s", kind, e.path, e.mode, e.owner, want.mode, want.owner)
		}
		if e.mode[0] != 'd' && !rubberMay.MatchString(e.path) {
			t.Errorf("%s: %s is not rubber's to install", kind, e.path)
		}
	}
	for _, path := range append([]string{rubberCompletionOfZsh[kind]}, rubberMust...) {
		if !slices.Contains(paths, path) {
			t.Errorf("%s has no %s", kind, path)
		}
	}
	mustLead(t, kind, "/usr/share/doc/perfmon-rubber", paths)
}

// mustHaveUser: it is a user of the system that nobody logs in as, and what is
// secret is its own. It returns its number.
func (r *root) mustHaveUser() string {
	r.t.Helper()
	// rubber:x:996:996::/var/lib/rubber:/usr/sbin/nologin
	entry := strings.Split(strings.TrimSpace(r.run("getent", "passwd", "rubber")), ":")
	if len(entry) != 7 || entry[5] != "/var/lib/rubber" || entry[6] != "/usr/sbin/nologin" || len(entry[2]) > 3 {
		r.t.Errorf("the user is %q", entry)
	}
	for dir, want := range map[string]string{"/etc/rubber": "rubber:rubber 750", "/var/lib/rubber": "rubber:rubber 700", "/var/lib/perfmon-engine": "rubber:rubber 700"} {
		if got := strings.TrimSpace(r.run("stat", "-c", "%U:%G %a", dir)); got != want {
			r.t.Errorf("%s is %s, want %s", dir, got, want)
		}
	}
	return entry[2]
}

// mustHaveLeft: besides these, and the user, nothing is there. Nobody knows
// what else the user owns.
func (r *root) mustHaveLeft(when string, want ...string) {
	r.t.Helper()
	users := regexp.MustCompile(`^/etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)$`)
	left := slices.DeleteFunc(r.changes(), users.MatchString)
	if !slices.Equal(left, want) {
		r.t.Errorf("%s, there are left: %q, want %q", when, left, want)
	}
}

const (
	rubberConfigFile = "/etc/rubber/rubber.yaml"
	rubberStore      = "/var/lib/perfmon-engine/store"
	rubberMachine    = "/var/lib/rubber/machines/one"
	rubberWanted     = "/etc/systemd/system/multi-user.target.wants/rubber.service"
)

// inUse is what an operator and rubber have made of a root.
func (r *root) inUse() {
	r.t.Helper()
	r.write(rubberConfigFile, "# mine\n")
	r.write(rubberStore, "records of machines")
	r.write(rubberMachine, "a machine")
	r.run("systemctl", "enable", "rubber.service")
}

// mustBeInUse: all of that is there still, and a version.
func (r *root) mustBeInUse(when, version, uid string) {
	r.t.Helper()
	if got := r.run("rubber", "--version"); !strings.Contains(got, version) {
		r.t.Errorf("%s, it says %q", when, got)
	}
	r.mustKeep(when, rubberConfigFile, "# mine\n")
	r.mustKeep(when, rubberStore, "records of machines")
	r.mustKeep(when, rubberMachine, "a machine")
	if !r.has(rubberWanted) {
		r.t.Errorf("%s, it is not enabled any more", when)
	}
	if got := r.mustHaveUser(); got != uid {
		r.t.Errorf("%s, its user has the number %s, and had %s", when, got, uid)
	}
}

// rubberLife installs, upgrades, removes, puts back and purges it.
func rubberLife(t *testing.T, older, newer string) {
	judgeRubber(t, "deb", entriesOfDeb(t, newer), "root/root")

	r := newRoot(t)
	old, recent := r.take(older), r.take(newer)
	if said := r.dpkg("-i", old); !strings.Contains(said, "systemctl enable --now rubber") {
		t.Errorf("it does not say how to go on:\n%s", said)
	}
	if got := r.run("rubber", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("installed, it says %q", got)
	}
	if r.has(rubberWanted) {
		t.Error("it is enabled before anybody has said which queues there are")
	}
	r.mustTellOfAll(rubberPackage, "/usr/bin/rubber")
	uid := r.mustHaveUser()
	// What is installed is comments, and says what is missing.
	if said := r.run("rubber", "check"); !strings.Contains(said, "no profiles: there is nothing to do") {
		t.Errorf("a configuration without a queue:\n%s", said)
	}
	r.inUse()
	r.dpkg("-i", "--force-confold", recent)
	r.mustBeInUse("upgraded", newerVersion, uid)

	r.dpkg("--remove", rubberPackage)
	if r.has("/usr/bin/rubber") {
		t.Error("removed, and /usr/bin/rubber is there")
	}
	r.dpkg("-i", "--force-confold", recent)
	r.mustBeInUse("put back", newerVersion, uid)

	// Once again without anything in between: a purge is a removal first. The
	// engine's store may have records of others.
	if said := r.dpkg("--purge", rubberPackage); !strings.Contains(said, "/var/lib/perfmon-engine stays") {
		t.Errorf("it does not say what stays:\n%s", said)
	}
	r.mustHaveLeft("purged", "/var/lib/perfmon-engine", rubberStore)
	r.dpkg("-i", recent)
	r.mustKeep("installed after a purge", rubberStore, "records of machines")
	if got := r.mustHaveUser(); got != uid {
		t.Errorf("after a purge its user has the number %s, and had %s", got, uid)
	}
	r.run("rm", rubberStore)
	r.dpkg("--purge", rubberPackage)
	r.mustHaveLeft("purged with an empty store")
}

func rubberRPM(t *testing.T, older, newer string) {
	judgeRubber(t, "rpm", entriesOfRPM(t, newer), "rubber/rubber")

	r := newRoot(t)
	rpm := r.rpm()
	// Packages of Debian are none to rpm.
	rpm("--install", "--nodeps", older)
	if r.has(rubberWanted) {
		t.Error("it is enabled before anybody has said which queues there are")
	}
	r.mustTellOfAll(rubberPackage, "/usr/bin/rubber")
	if got := rpm("--verify", "--nodeps", rubberPackage); got != "" {
		t.Errorf("installed, rpm finds a difference:\n%s", got)
	}
	uid := r.mustHaveUser()
	r.inUse()
	rpm("--upgrade", "--nodeps", newer)
	r.mustBeInUse("upgraded", newerVersion, uid)
	rpm("--upgrade", "--nodeps", "--oldpackage", older)
	r.mustBeInUse("downgraded", olderVersion, uid)

	// rpm knows no purge: what is remembered stays, and what somebody has edited
	// does under another name.
	rpm("--erase", rubberPackage)
	r.mustKeep("erased", rubberConfigFile+".rpmsave", "# mine\n")
	r.mustKeep("erased", rubberMachine, "a machine")
	r.run("rm", "-r", "/etc/rubber", "/var/lib/rpm-of-test", "/var/lib/rubber")
	r.mustHaveLeft("erased", "/var/lib/perfmon-engine", rubberStore)
}

// TestRubberExposure: the tool's own judgement of the service.
func TestRubberExposure(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here: ", err)
	}
	if out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+exposureLimit, rubberUnit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
