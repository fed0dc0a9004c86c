package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPartsThatFail has parts be made of configurations that can be read and
// cannot work: each is an error that says what is missing.
func TestPartsThatFail(t *testing.T) {
	f := func(cloud, profile, want string) {
		t.Helper()
		dir := t.TempDir()
		path := filepath.Join(dir, "rubber.yaml")
		text := `brokers: {main: {urls: ["amqp://127.0.0.1:1"]}}
clouds: {first: {driver: process, process: {dir: /nonexistent/machines}}, here: ` + cloud + `}
profiles: {jobs: {queue: jobs, cloud: here, ` + profile + `}}
`
		for name, text := range map[string]string{"rubber.yaml": text, "bad.xml": "<domain>"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var said strings.Builder
		flags := serveFlags{config: path}
		c, err := flags.load(&said)
		if err != nil {
			t.Fatalf("%v\n%s", err, &said)
		}
		p, err := newParts(c, false, slog.New(slog.DiscardHandler))
		if p != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parts %v, error %v, want one with %q", p, err, want)
		}
	}
	process := "{driver: process, process: {dir: /nonexistent/here}}"
	f(process, "command: [/bin/true], env_from: [RUBBER_HAS_NO_SUCH_VARIABLE]", "RUBBER_HAS_NO_SUCH_VARIABLE")
	f(process, "command: [/bin/true], user_data: {template_file: nowhere.txt}", "nowhere.txt")
	f("{driver: xapi, xapi: {url: \"https://127.0.0.1:1\", username: u, password_env: HOME, ca_file: nowhere.crt}}", "image: a", "nowhere.crt")
	f("{driver: libvirt, libvirt: {pool: default, template_file: nowhere.xml}}", "image: a", "nowhere.xml")
	f("{driver: libvirt, libvirt: {pool: default, template_file: bad.xml}}", "image: a", "cloud \"here\"")
}

// TestExternalEngine makes parts that use a cluster of somebody else's.
func TestExternalEngine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubber.yaml")
	text := `brokers: {main: {urls: ["amqp://127.0.0.1:1"]}}
clouds: {here: {driver: process, process: {dir: /nonexistent/machines}}}
profiles: {jobs: {queue: jobs, command: [/bin/true]}}
engine: {urls: ["nats://127.0.0.1:1"]}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	c, err := (&serveFlags{config: path}).load(&said)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	for _, dry := range []bool{false, true} {
		p, err := newParts(c, dry, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.engine.String(); got != "engine nats://127.0.0.1:1" {
			t.Errorf("%s", got)
		}
		p.close()
	}
	c.Engine.Dir = "/elsewhere"
	if _, err := newParts(c, false, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("both a cluster and a folder are no error")
	}
}
