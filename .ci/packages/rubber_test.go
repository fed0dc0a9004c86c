//go:build integration

package packages

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	rubberPackage = "perfmon-rubber"
	rubberUnit    = "../../packaging/rubber/rubber.service"
)

// rubberMust are files that the package has.
var rubberMust = []string{
	"/usr/bin/rubber", "/usr/lib/systemd/system/rubber.service", "/etc/rubber/rubber.yaml",
	"/usr/share/man/man1/rubber.1.gz", "/usr/share/man/man1/rubber-import-config.1.gz",
	"/usr/share/bash-completion/completions/rubber", "/usr/share/fish/vendor_completions.d/rubber.fish",
	"/usr/share/rubber/rubber.yaml", "/usr/share/rubber/prometheus/rubber.rules.yml", "/usr/share/rubber/grafana/rubber.json",
	"/usr/share/doc/perfmon-rubber/copyright", "/usr/share/doc/perfmon-rubber/rubber.md",
}

// rubberMay is where its files can be.
var rubberMay = regexp.MustCompile(`^/(usr/bin/rubber|usr/lib/systemd/system/rubber\.service|etc/rubber/rubber\.yaml|` +
	`usr/share/man/man1/rubber[a-z-]*\.1\.gz|usr/share/bash-completion/completions/rubber|` +
	`usr/share/zsh/(vendor-completions|site-functions)/_rubber|usr/share/fish/vendor_completions\.d/rubber\.fish|` +
	`usr/share/(rubber|doc/perfmon-rubber)/.+)$`)

func judgeRubber(t *testing.T, kind string, list []entry) {
	t.Helper()
	var paths []string
	for _, e := range list {
		paths = append(paths, e.path)
		if e.mode[0] != 'd' && !rubberMay.MatchString(e.path) {
			t.Errorf("%s: %s is not rubber's to install", kind, e.path)
		}
		if want := "-rwxr-xr-x"; e.path == "/usr/bin/rubber" && e.mode != want {
			t.Errorf("%s: %s is %s, want %s", kind, e.path, e.mode, want)
		}
	}
	for _, path := range rubberMust {
		if !slices.Contains(paths, path) {
			t.Errorf("%s has no %s", kind, path)
		}
	}
}

// rubberLife installs, upgrades, removes and purges it.
func rubberLife(t *testing.T, older, newer string) {
	var list []entry
	line := regexp.MustCompile(`(?m)^(\S+) (\S+) +\d+ \S+ \S+ \.(/\S+?)/?$`)
	for _, m := range line.FindAllStringSubmatch(output(t, "dpkg-deb", "--contents", newer), -1) {
		list = append(list, entry{m[1], m[2], m[3]})
	}
	judgeRubber(t, "deb", list)

	r := newRoot(t)
	old, recent := r.take(older), r.take(newer)
	if said := r.run("dpkg", "-i", old); !strings.Contains(said, "systemctl enable --now rubber") {
		t.Errorf("it does not say how to go on:\n%s", said)
	}
	if got := r.run("rubber", "--version"); !strings.Contains(got, olderVersion) {
		t.Errorf("installed, it says %q", got)
	}
	if r.has("/etc/systemd/system/multi-user.target.wants/rubber.service") {
		t.Error("it is enabled before anybody has said which queues there are")
	}
	if got := strings.TrimSpace(r.run("stat", "-c", "%U:%G %a", "/etc/rubber")); got != "rubber:rubber 750" {
		t.Errorf("/etc/rubber is %s", got)
	}
	// What is installed is comments, and says what is missing.
	if said := r.run("rubber", "check"); !strings.Contains(said, "no profiles: there is nothing to do") {
		t.Errorf("a configuration without a queue:\n%s", said)
	}
	config := "# mine\n"
	r.write("/etc/rubber/rubber.yaml", config)
	r.write("/var/lib/perfmon-engine/store", "records of machines")
	r.run("systemctl", "enable", "rubber.service")
	r.run("dpkg", "-i", "--force-confold", recent)
	if got := r.run("rubber", "--version"); !strings.Contains(got, newerVersion) {
		t.Errorf("upgraded, it says %q", got)
	}
	r.mustKeep("upgraded", "/etc/rubber/rubber.yaml", config)
	r.run("dpkg", "--remove", rubberPackage)
	r.mustKeep("removed", "/etc/rubber/rubber.yaml", config)
	r.run("dpkg", "--purge", rubberPackage)
	r.mustKeep("purged", "/var/lib/perfmon-engine/store", "records of machines")
	// The user stays, since nobody knows what else it owns.
	left := slices.DeleteFunc(r.changes(), func(path string) bool {
		return strings.HasPrefix(path, "/var/lib/perfmon-engine") || regexp.MustCompile(`^/etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)$`).MatchString(path)
	})
	if len(left) > 0 {
		t.Errorf("purged, there are left: %q", left)
	}
}

func rubberRPM(t *testing.T, newer string) {
	var list []entry
	line := regexp.MustCompile(`(?m)^(\S+) (\S+/\S+) (/\S+)$`)
	said := output(t, "rpm", "--query", "--package", "--queryformat", "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]", newer)
	for _, m := range line.FindAllStringSubmatch(said, -1) {
		list = append(list, entry{m[1], m[2], m[3]})
	}
	judgeRubber(t, "rpm", list)
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
