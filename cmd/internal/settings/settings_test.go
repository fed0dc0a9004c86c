package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/cmd/internal/strictyaml"
)

// noEnv is an environment without variables.
func noEnv(string) string { return "" }

// write makes a file that only we may read, below a test's own folder.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a text as the agent would, from a file of its own.
func load(t *testing.T, text string) (*Settings, error) {
	t.Helper()
	return Load(write(t, t.TempDir(), "perfmon.yaml", text), noEnv)
}

func mustLoad(t *testing.T, text string) *Settings {
	t.Helper()
	s, err := load(t, text)
	if err != nil {
		t.Fatalf("%s:\n%v", text, err)
	}
	return s
}

func TestNothingIsTheDefaults(t *testing.T) {
	check := func(question string, s *Settings, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", question, err)
			return
		}
		if s.MuteVMs || len(s.Warnings) > 0 || len(s.Sinks) != 1 {
			t.Errorf("%s: %+v", question, s)
			return
		}
		x := s.Sinks[0]
		got := fmt.Sprintln(x.Name, x.Kind, x.Filter == nil, x.HoldSilenced, x.Deadline, x.Limit, x.Timeout, x.Clear, x.MaxPerHour)
		if want := "xapi xapi true true 24h0m0s 5000 10s none 120\n"; got != want {
			t.Errorf("%s: %s, want %s", question, got, want)
		}
	}
	s, err := Load(filepath.Join(t.TempDir(), "none.yaml"), noEnv)
	check("no file", s, err)
	s, err = Load(filepath.Join(t.TempDir(), "none", "none.yaml"), noEnv)
	check("no directory", s, err)
	for _, text := range []string{
		"", "\n", "# a comment\n", "---\n", "---\n# a\n...\n", "null\n", "{}\n", "sinks:\n", "sinks: {}\n", "sinks:\n  # xapi:\n",
		"mute_vms: false\n", "\ufeffmute_vms: false\r\n", "sinks: {xapi: }", "sinks: {xapi: {enabled: true}}",
		"sinks: {pager: {kind: webhook, enabled: false}}",
	} {
		s, err := load(t, text)
		check(fmt.Sprintf("%q", text), s, err)
	}
}

func TestEverySetting(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pager.url", "https://pager.test/hook?key=hush-url\n")
	write(t, dir, "password", "hush-password\r\n")
	write(t, dir, "creds", "-----BEGIN NATS USER JWT-----\nhush-creds\n")
	env := map[string]string{"TOKEN": "hush-token", "SIGN": "hush-secret"}
	path := write(t, dir, "perfmon.yaml", `
mute_vms: true
sinks:
  journald:
  xapi: {clear: destroy, max_per_hour: 0, timeout: 3s, hold_silenced: false}
  am:
    kind: alertmanager
    urls: [http://a:9093, "https://b:9093/prefix"]
    username: us
    password_file: password
    proxy_url: http://proxy:3128
    ttl: 5m
    generator_url: http://where
    timeout: 4s
  pager:
    kind: webhook
    url_file: pager.url
    secret_env: SIGN
    bearer_token_env: TOKEN
    proxy_from_environment: true
    tls_config: {insecure_skip_verify: true, server_name: other}
    batch: true
    max_batch: 7
    deadline: 1d12h
    queue_limit: 10
    filter:
      classes: [vm, sr]
      variables: ["cpu*", fs_usage]
      variable_regex: "[a-z_]+"
      severities: [critical]
      min_priority: 2
      max_priority: 4
      labels: {team: web, site: "*", tier: 1, empty: ""}
  nats:
    urls: [nats://n:4222]
    credentials_file: creds
    stream: OTHER
    duplicate_window: 24h
    inbox_prefix: _INBOX.perfmon
  amqp:
    urls: [amqp://m:5672/vhost]
    username: us
    password_file: `+filepath.Join(dir, "password")+`
    exchange: other
    keep_alive: 20s
    hold_silenced: true
`)
	s, err := Load(path, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if !s.MuteVMs || len(s.Warnings) != 0 {
		t.Errorf("mute_vms %t, warnings %v", s.MuteVMs, s.Warnings)
	}
	byName := map[string]Sink{}
	var got []string
	for _, x := range s.Sinks {
		byName[x.Name] = x
		got = append(got, fmt.Sprintf("%s %s %t %t %s %d %s", x.Name, x.Kind, x.Filter != nil, x.HoldSilenced, x.Deadline, x.Limit, x.Timeout))
	}
	want := []string{
		"journald journald false true 24h0m0s 5000 10s",
		"xapi xapi false false 24h0m0s 5000 3s",
		"am alertmanager false true 24h0m0s 5000 8s",
		"pager webhook true true 36h0m0s 10 20s",
		"nats nats false false 24h0m0s 5000 10s",
		"amqp amqp false true 24h0m0s 5000 20s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if x := byName["xapi"]; x.Clear != "destroy" || x.MaxPerHour != 0 {
		t.Errorf("xapi: clear %s, %d an hour", x.Clear, x.MaxPerHour)
	}
	am := byName["am"].alertmanager
	if !slices.Equal(am.URLs, []string{"http://a:9093", "https://b:9093/prefix"}) || am.Username != "us" || am.Password != "hush-password" ||
		am.Proxy != "http://proxy:3128" || am.TTL != 5*time.Minute || am.GeneratorURL != "http://where" || am.Timeout != 4*time.Second || am.TLS != nil {
		t.Error("the options of alertmanager")
	}
	w := byName["pager"].webhook
	if w.URL != "https://pager.test/hook?key=hush-url" || w.Secret != "hush-secret" || w.BearerToken != "hush-token" || w.Proxy != "environment" ||
		!w.TLS.InsecureSkipVerify || w.TLS.ServerName != "other" || !w.Batch || w.MaxBatch != 7 {
		t.Error("the options of webhook")
	}
	n := byName["nats"].nats
	if !slices.Equal(n.URLs, []string{"nats://n:4222"}) || n.Credentials != "-----BEGIN NATS USER JWT-----\nhush-creds\n" || n.Stream != "OTHER" ||
		n.Window != 24*time.Hour || n.InboxPrefix != "_INBOX.perfmon" || n.Timeout != 5*time.Second {
		t.Error("the options of nats")
	}
	a := byName["amqp"].amqp
	if !slices.Equal(a.URLs, []string{"amqp://m:5672/vhost"}) || a.Username != "us" || a.Password != "hush-password" || a.Exchange != "other" || a.KeepAlive != 20*time.Second {
		t.Error("the options of amqp")
	}

	filter := byName["pager"].Filter
	e := alarm.Event{
		ID: alarm.ID{Class: "sr", Variable: "fs_usage"}, Severity: alarm.Critical, Priority: 3,
		Labels: map[string]string{"team": "web", "site": "x", "tier": "1", "empty": ""},
	}
	matches := func(question string, want bool, change func(*alarm.Event)) {
		t.Helper()
		e := e
		change(&e)
		if filter.Match(&e) != want {
			t.Errorf("%s: not %t", question, want)
		}
	}
	matches("as it is", true, func(*alarm.Event) {})
	matches("of a host", false, func(e *alarm.Event) { e.Class = "host" })
	matches("cpu_usage", true, func(e *alarm.Event) { e.Variable = "cpu_usage" })
	matches("mem", false, func(e *alarm.Event) { e.Variable = "mem" })
	matches("not the regex", false, func(e *alarm.Event) { e.Variable = "cpu0" })
	matches("a warning", false, func(e *alarm.Event) { e.Severity = alarm.Warning })
	matches("too urgent", false, func(e *alarm.Event) { e.Priority = 1 })
	matches("not urgent", false, func(e *alarm.Event) { e.Priority = 5 })
	matches("no labels", false, func(e *alarm.Event) { e.Labels = nil })
}

func TestWhoHoldsSilencedBack(t *testing.T) {
	s := mustLoad(t, `
sinks:
  alertmanager: {urls: [http://a]}
  webhook: {url: http://a}
  nats: {urls: [nats://a]}
  amqp: {urls: [amqp://a], username: u}
  journald:
  n2: {kind: nats, urls: [nats://a], hold_silenced: true}
`)
	var got []string
	for _, x := range s.Sinks {
		if x.HoldSilenced {
			got = append(got, x.Name)
		}
	}
	if want := []string{"xapi", "alertmanager", "webhook", "journald", "n2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSwitchedOff(t *testing.T) {
	s := mustLoad(t, "sinks: {xapi: {enabled: false}, webhook: {enabled: false, url_file: /nowhere, tls_config: {ca_file: /nowhere}}}")
	if len(s.Sinks) != 0 {
		t.Errorf("%v", s.Sinks)
	}
	// What is written about it has to be right all the same.
	if _, err := load(t, "sinks: {webhook: {enabled: false, ulr: x}}"); err == nil {
		t.Error("an unknown key of a sink that is off is not seen")
	}
}

// TestOpen: a driver of each kind that settings alone can make.
func TestOpen(t *testing.T) {
	s := mustLoad(t, `
sinks:
  alertmanager: {urls: [http://a]}
  webhook: {url: http://a}
  nats: {urls: [nats://a]}
  amqp: {urls: [amqp://a], username: u}
  journald:
`)
	for _, x := range s.Sinks {
		d, err := x.Open(discard)
		if x.Kind == "xapi" {
			if d != nil || err == nil {
				t.Errorf("xapi: %v, %v", d, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if !strings.Contains(fmt.Sprintf("%T", d), x.Kind+".Sink") {
			t.Errorf("%s: a driver %T", x, d)
		}
		if err := d.Close(t.Context()); err != nil {
			t.Errorf("%s: close: %v", x, err)
		}
	}
	var bad Sink
	bad.Kind = "webhook"
	if d, err := bad.Open(discard); d != nil || err == nil {
		t.Errorf("no url: %v, %v", d, err)
	}
}

// TestBatch: a call is one request where a request that is made again is heard
// of.
func TestBatch(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		s := mustLoad(t, "sinks:\n  xapi: {enabled: false}\n  "+text)
		if got := s.Sinks[0].Batch(); got != want {
			t.Errorf("%s: %d events a call, want %d", text, got, want)
		}
	}
	f("webhook: {url: 'http://x'}", 1)
	f("webhook: {url: 'http://x', max_batch: 20}", 1)
	f("webhook: {url: 'http://x', batch: true}", 50)
	f("webhook: {url: 'http://x', batch: true, max_batch: 20}", 20)
	f("nats: {urls: ['nats://x']}", 0)
	f("journald:", 0)
}

func TestFileThatCannotBeRead(t *testing.T) {
	s, err := Load(t.TempDir(), noEnv)
	var bad *strictyaml.Error
	if len(s.Sinks) != 1 || err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), "read settings: ") {
		t.Errorf("a directory: %v", err)
	}
}
