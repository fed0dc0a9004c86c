package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"perfmon/cmd/internal/verbs"
)

// unpack reads a bundle: its files by name, without the folder that all are in.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600: %v", info.Mode(), err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		folder, name, _ := strings.Cut(h.Name, "/")
		if !strings.HasPrefix(folder, "perfmon-support-") || h.Mode != 0o600 {
			t.Errorf("%s has mode %o", h.Name, h.Mode)
		}
		files[name] = string(text)
	}
}

// supported makes a bundle of an agent to which this and that is the matter.
func supported(t *testing.T, args ...string) (files map[string]string, said string) {
	t.Helper()
	agent := wholeAgent()
	alarms := someAlarms()
	alarms.Variables[0].Labels = map[string]string{"owner": "web-07"}
	agent.answers["/v1/alarms"] = alarms
	socket := agent.start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `xen_vm_info{uuid="5c2b",name_label="web-07"} 1`+"\n"+`x{name_label="vm"} 1`+"\n"+`error{text="https://kim:hunter22@x/ Bearer abcdef0123 topsecret-value OpaqueRef:1-2"} 1`+"\n")
	}))
	t.Cleanup(page.Close)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pager.password", "topsecret-value\n")
	write("perfmon.yaml", "sinks:\n  pager:\n    kind: webhook\n    url: https://kim:pw@hooks.example/T0/B0\n    bearer_token_file: pager.password\n")
	path := filepath.Join(dir, "b.tar.gz")
	said = output(t, append([]string{"support-bundle"}, append(args, "--file", path, "--settings-file", filepath.Join(dir, "perfmon.yaml"),
		"--metrics-url", page.URL, "--log-lines", "0", "--api-socket", socket)...)...)
	return unpack(t, path), said
}

func TestSupportBundle(t *testing.T) {
	files, said := supported(t)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"alarms.json", "effective/host-b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001.xml",
		"effective/sr-7d8f0000-0000-4000-8000-000000000001.xml",
		"effective/vm-1c2bd0d2-2d5a-4d0e-a1c6-000000000001.xml", "effective/vm-3857a1a4-2d5a-4d0e-a1c6-000000000002.xml",
		"effective/vm-54837276-2d5a-4d0e-a1c6-000000000003.xml", "effective/vm-70af4348-2d5a-4d0e-a1c6-000000000004.xml",
		"explain.txt", "explain/host-b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001-memory_free_kib.json",
		"explain/vm-3857a1a4-2d5a-4d0e-a1c6-000000000002-cpu_usage.json", "explain/vm-54837276-2d5a-4d0e-a1c6-000000000003-disk_usage_of_all_disks.json",
		"explain/vm-70af4348-2d5a-4d0e-a1c6-000000000004-cpu_usage.json", "explain/vm-8cdb141a-2d5a-4d0e-a1c6-000000000005-cpu_usage.json",
		"history.json", "metrics.txt", "objects.json", "pressure.json", "settings.yaml", "silences.json", "status.json", "status.txt",
		"system.txt", "variables.json", "version.json",
	}
	if !slices.Equal(names, want) {
		t.Errorf("%q\nwant\n%q", names, want)
	}
	for _, part := range []string{"status.json ", "explain/ ", ", 5 files", ", 6 files", "b.tar.gz, ", ": look into it before it leaves the house\n"} {
		if !strings.Contains(said, part) {
			t.Errorf("no %q in what it says:\n%s", part, said)
		}
	}
	if got, want := files["settings.yaml"], "sinks:\n  pager:\n    kind: webhook\n    url: https://hooks.example/REDACTED\n    bearer_token_file: pager.password\n"; got != want {
		t.Errorf("settings\n%swant\n%s", got, want)
	}
	if got, want := files["metrics.txt"], "https://REDACTED@x/ Bearer REDACTED REDACTED OpaqueRef:REDACTED"; !strings.Contains(got, want) {
		t.Errorf("metrics\n%swant\n%s", got, want)
	}
	for part, file := range map[string]string{"is running": "status.txt", "1 critical": "status.txt", "cpu_usage of vm web-07 is firing": "explain.txt"} {
		if !strings.Contains(files[file], part) {
			t.Errorf("%s: no %q in it:\n%s", file, part, files[file])
		}
	}
}

// TestAnonymousBundle: no name and no tag is anywhere in it.
func TestAnonymousBundle(t *testing.T) {
	files, _ := supported(t, "--anonymous")
	for name, text := range files {
		for _, secret := range []string{
			"web-07", "xcp-1", "a database", "東京", "Local storage", "Control domain", "production", "team web", `"name_label": "gone"`, "kim", "load test", "topsecret",
		} {
			if strings.Contains(text, secret) && name != "system.txt" {
				t.Errorf("%s has %q in it:\n%s", name, secret, text)
			}
		}
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON any more:\n%s", name, text)
		}
	}
	for part, file := range map[string]string{
		`"name_label": "vm-2"`: "objects.json", `"owner": "vm-2"`: "alarms.json", `name_label="vm-2"`: "metrics.txt", `"reason": "REDACTED"`: "silences.json",
		"cpu_usage of vm vm-2 is firing": "explain.txt", "perfmon unknown on host-": "status.txt", `(tag "tag-1")`: "effective/vm-3857a1a4-2d5a-4d0e-a1c6-000000000002.xml",
		`"class": "vm"`: "objects.json",
	} {
		if !strings.Contains(files[file], part) {
			t.Errorf("%s: no %q in it:\n%s", file, part, files[file])
		}
	}
}

// TestBundleWithoutAgent: it is what can be had, and says what could not.
func TestBundleWithoutAgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.tar.gz")
	args := []string{"support-bundle", "--file", path, "--settings-file", "/nonexistent", "--metrics-url", "http://127.0.0.1:9/", "--log-lines", "0", "--api-socket", socketName(t)}
	var made bundled
	if err := json.Unmarshal([]byte(output(t, append(args, "--output", "json")...)), &made); err != nil {
		t.Fatal(err)
	}
	files := unpack(t, path)
	info, err := os.Stat(path)
	if err != nil || made.File != path || made.Bytes != info.Size() || len(made.Missing) != 4 || len(files) != 3 || len(made.Entries) != 3 {
		t.Errorf("%+v, %q, %v", made, files, err)
	}
	if want := strings.Join(made.Missing, "\n") + "\n"; files["missing.txt"] != want || !strings.Contains(want, "settings: there is no /nonexistent: all is as by default\n") {
		t.Errorf("missing:\n%s", files["missing.txt"])
	}
	wantComplaint(t, "again", verbs.ExitFailed, path+" is there already: remove it, or name another with --file", args...)
	args[2] = "/nonexistent/b.tar.gz"
	wantComplaint(t, "no such folder", verbs.ExitFailed, "open /nonexistent/b.tar.gz: no such file or directory", args...)
}

func TestRedactSettings(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("-----BEGIN-----\nc2VjcmV0\nab\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"TOKEN": "from-the-environment"}[name] }
	f := func(text, want string, wantSecrets ...string) {
		t.Helper()
		got, secrets, err := redactSettings(filepath.Join(dir, "perfmon.yaml"), []byte(text), env)
		if err != nil || string(got) != want || !slices.Equal(secrets, wantSecrets) {
			t.Errorf("%s\n%s%q %v\nwant\n%s%q", text, got, secrets, err, want, wantSecrets)
		}
	}
	f("", "# there is nothing in it\n")
	f("# password: hunter2\n", "# there is nothing in it\n")
	f("mute_vms: true # because kim said so\n", "mute_vms: true\n")
	f("sinks:\n  nats:\n    password: hunter2\n    pasword: [a, hunter3]\n    token: 12345678\n", "sinks:\n  nats:\n    password: REDACTED\n    pasword: [REDACTED, REDACTED]\n    token: REDACTED\n", "hunter2", "hunter3", "12345678")
	f("sinks:\n  nats:\n    urls: [\"nats://u:p@a:4222\", b:4222, \"http://[::1\"]\n    token_env: TOKEN\n    other_env: NONE\n", "sinks:\n  nats:\n    urls: [\"nats://a:4222\", 'b:4222', \"REDACTED\"]\n    token_env: TOKEN\n    other_env: NONE\n", "from-the-environment")
	f("sinks:\n  nats:\n    tls_config:\n      key_file: key\n      ca_file: /nonexistent\n      cert_file: key\n", "sinks:\n  nats:\n    tls_config:\n      key_file: key\n      ca_file: /nonexistent\n      cert_file: key\n", "-----BEGIN-----", "c2VjcmV0")
	f("sinks:\n  x:\n    filter:\n      labels:\n        team: web*\n", "sinks:\n  x:\n    filter:\n      labels:\n        team: web*\n")
	f("sinks:\n  x:\n    username: &p hunter2\n    password: *p\n", "sinks:\n  x:\n    username: &p hunter2\n    password: *p\n", "hunter2")
	if _, _, err := redactSettings("perfmon.yaml", []byte("a: [hunter2"), env); err == nil {
		t.Error("what cannot be read is printed")
	}
}

func TestReplaceWord(t *testing.T) {
	f := func(text, word, want string) {
		t.Helper()
		if got := string(replaceWord([]byte(text), word, "vm-1")); got != want {
			t.Errorf("%q, %q: %q, want %q", text, word, got, want)
		}
	}
	f("", "web", "")
	f("web", "web", "vm-1")
	f("web,web webs cobweb web_1 web-1", "web", "vm-1,vm-1 webs cobweb web_1 vm-1-1")
	f("webweb web", "web", "webweb vm-1")
	f("(web)x", "(web)", "vm-1x")
	f("é1é", "1", "é1é")
	f("none", "web", "none")
}

// TestForms: a name is found however it is written.
func TestForms(t *testing.T) {
	b := &bundle{anonymous: true}
	b.name(`a "b" & <c>`, "vm")
	b.name("vm", "vm")
	b.name("12.5", "vm")
	for _, text := range []string{`a "b" & <c>`, `a \"b\" & <c>`, `a &#34;b&#34; &amp; &lt;c&gt;`} {
		if got := string(b.scrub([]byte("x " + text + " y"))); got != "x vm-1 y" {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := string(b.scrub([]byte(`{"class": "vm", "value": 12.5}`))); got != `{"class": "vm", "value": 12.5}` {
		t.Errorf("words of ours are changed: %s", got)
	}
	if got := string(b.anonymize([]byte(`{"class": "vm", "name_label": "vm"}`))); got != `{"class": "vm", "name_label": "vm-2"}` {
		t.Errorf("a name is left: %s", got)
	}
}
