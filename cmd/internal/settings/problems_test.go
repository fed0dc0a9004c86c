package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfmon/cmd/internal/strictyaml"
)

// problems are what is said about a text, a line each.
func problems(t *testing.T, text string) string {
	t.Helper()
	s, err := load(t, text)
	if err == nil {
		return ""
	}
	var bad *strictyaml.Error
	if s == nil || !errors.As(err, &bad) {
		t.Fatalf("%q: %v, %v", text, s, err)
	}
	bad.Path = "f"
	return bad.Error()
}

// wrong is one line for each thing that can be wrong with one key.
var wrong = []struct{ text, want string }{
	// Text that is none.
	{"a: [1", "f:1: error: not YAML: did not find expected ',' or ']'; fix: look at the indentation, quotes and brackets of what begins there"},
	{"mute_vms: true\nsinks: [1\nx: 2\n", "f:2: error: not YAML: did not find expected ',' or ']'; fix: look at the indentation, quotes and brackets of what begins there"},
	{"sinks:\n\txapi:\n", "f:2: error: not YAML: found character that cannot start any token; fix: indent with spaces, not tabs, and put a text that begins with a special character in quotes"},
	{"sinks: *hush", "f: error: not YAML: an alias of something that there is not; fix: put a text that begins with * in quotes"},
	{"mute_vms: true\nb\xff: 1", "f:2:2: error: not UTF-8 text; fix: save the file as UTF-8"},
	{"é: \x00", `f:1:4: error: the control character '\x00'; fix: remove it`},
	{"mute_vms: true\n---\nmute_vms: false\n", "f:2:1: error: a second document; fix: make one of them, without --- between"},
	{"mute_vms: true\n---\n[", "f:3: error: not YAML: did not find expected node content; fix: look at the indentation, quotes and brackets of what begins there"},
	{strings.Repeat("[", 20000), "f: error: not YAML: exceeded max depth of 10000; fix: name the right file"},
	{strings.Repeat("#\n", strictyaml.MaxBytes/2+1), "f: error: more than 1048576 bytes; fix: name the right file"},

	// The shape.
	{"hush", "f:1:1: error: a single value; fix: write keys with values below it, indented, with a space behind each colon"},
	{"[]", "f:1:1: error: a list; fix: write keys with values, without - in front"},
	{"sinks:\n- kind: xapi", "f:2:1: error: sinks: a list; fix: write keys with values, without - in front"},
	{"sinks:\n  xapi: on", "f:2:9: error: sinks.xapi: a single value; fix: write keys with values below it, indented, with a space behind each colon"},
	{"mute_vms: true\nmute_vms: true", "f:2:1: error: mute_vms: a second time, after line 1; fix: keep one of them"},
	{"sinks: {journald: , journald: }", "f:1:21: error: sinks.journald: a second time, after line 1; fix: keep one of them"},
	{"sinks: {xapi: {clear: none, 'clear': none}}", "f:1:29: error: sinks.xapi.clear: a second time, after line 1; fix: keep one of them"},
	{"{[a]: 1}", "f:1:2: error: a key that is no word; fix: write a word and a colon"},
	{"mute_vms: &hush true", "f:1:11: error: mute_vms: an anchor; fix: write the value out where it is wanted; put a text that begins with & in quotes"},
	{"mute_vms: !!bool true", "f:1:11: error: mute_vms: a tag; fix: leave it out; put a text that begins with ! in quotes"},

	// Names of keys.
	{"mute_vm: true", "f:1:1: error: mute_vm: unknown key; fix: did you mean mute_vms?"},
	{"qwertyuiop: 1", "f:1:1: error: qwertyuiop: unknown key; fix: known here are mute_vms, sinks"},
	{"webhook: {}", "f:1:1: error: webhook: unknown key; fix: write it below sinks"},
	{"sinks:\n  pager:\n    kind: webhook\n    ulr: http://a\n    url: http://a", "f:4:5: error: sinks.pager.ulr: unknown key; fix: did you mean url?"},
	{"sinks: {webhook: {url: http://a, ca_file: a}}", "f:1:34: error: sinks.webhook.ca_file: unknown key; fix: write it below tls_config"},
	{"sinks: {webhook: {url: http://a, classes: [vm]}}", "f:1:34: error: sinks.webhook.classes: unknown key; fix: write it below filter"},
	{"sinks: {webhook: {url: http://a, labels: {a: b}}}", "f:1:34: error: sinks.webhook.labels: unknown key; fix: write it below filter"},
	{"sinks: {webhook: {url: http://a, basic_auth: {}}}", "f:1:34: error: sinks.webhook.basic_auth: unknown key; fix: known here are url, url_file, url_env, secret_file, secret_env, bearer_token_file, bearer_token_env, tls_config, proxy_url, proxy_url_file, proxy_url_env, proxy_from_environment, batch, max_batch, kind, enabled, filter, hold_silenced, deadline, queue_limit, timeout"},
	{"sinks: {alertmanager: {urls: [http://a], basic_auth: {}}}", "f:1:42: error: sinks.alertmanager.basic_auth: unknown key; fix: write username and password_file"},
	{"sinks: {alertmanager: {urls: [http://a], tls: {}}}", "f:1:42: error: sinks.alertmanager.tls: unknown key; fix: did you mean tls_config?"},
	{"sinks: {webhook: {url: http://a, password:hush}}", "f:1:34: error: sinks.webhook.password…: unknown key; fix: put a space behind the colon"},
	{"sinks: {webhook: {url: http://a, <<: {batch: true}}}", "f:1:34: error: sinks.webhook.…: unknown key; fix: write the keys out"},
	{"sinks: {webhook: {url: http://a, filter: {clases: [vm]}}}", "f:1:43: error: sinks.webhook.filter.clases: unknown key; fix: did you mean classes?"},
	{"sinks: {xapi: {" + strings.Repeat("x", 70) + ": 1}}", "f:1:16: error: sinks.xapi." + strings.Repeat("x", 64) + "…: unknown key; fix: known here are clear, max_per_hour, kind, enabled, filter, hold_silenced, deadline, queue_limit, timeout"},

	// Names and kinds of sinks.
	{"sinks: {Pager: {kind: webhook}}", "f:1:9: error: sinks.Pager: no name for a sink; fix: write up to 64 lower case letters, digits, - and _"},
	{"sinks: {pager: {url: http://a}}", "f:1:9: error: sinks.pager: no kind, and the name is none; fix: write kind: xapi, alertmanager, webhook, nats, amqp or journald"},
	{"sinks: {alertmanger: {urls: [http://a]}}", "f:1:9: error: sinks.alertmanger: no kind, and the name is none; fix: did you mean alertmanager? If not, write kind: xapi, alertmanager, webhook, nats, amqp or journald"},
	{"sinks: {pager: {kind: webhok}}", `f:1:23: error: sinks.pager.kind: "webhok" is not known; fix: did you mean webhook?`},
	{"sinks: {pager: {kind: }}", "f:1:23: error: sinks.pager.kind: no value; fix: write xapi, alertmanager, webhook, nats, amqp or journald, or leave the key out"},
	{"sinks: {toolstack: {kind: xapi}}", "f:1:9: error: sinks.toolstack: the toolstack's sink has another name; fix: write its keys below sinks.xapi"},

	// Values.
	{"mute_vms: yes", `f:1:11: error: mute_vms: "yes" is neither true nor false; fix: write true or false`},
	{"mute_vms:", "f:1:10: error: mute_vms: no value; fix: write true or false, or leave the key out"},
	{"mute_vms: [true]", "f:1:11: error: mute_vms: not a single value; fix: write true or false"},
	{"sinks: {xapi: {clear: nothing}}", `f:1:23: error: sinks.xapi.clear: "nothing" is not known; fix: write none, message or destroy`},
	{"sinks: {xapi: {max_per_hour: -1}}", `f:1:30: error: sinks.xapi.max_per_hour: "-1" is not a whole number from 0 to 1000000; fix: write digits alone, within these bounds`},
	{"sinks: {xapi: {queue_limit: 1_000}}", `f:1:29: error: sinks.xapi.queue_limit: "1_000" is not a whole number from 1 to 100000; fix: write digits alone, within these bounds`},
	{"sinks: {xapi: {queue_limit: 0}}", `f:1:29: error: sinks.xapi.queue_limit: "0" is not a whole number from 1 to 100000; fix: write digits alone, within these bounds`},
	{"sinks: {xapi: {timeout: 10}}", `f:1:25: error: sinks.xapi.timeout: "10" is not a time; fix: write a number with its unit (ms, s, m, h or d), such as 10s`},
	{"sinks: {xapi: {deadline: 90 s}}", `f:1:26: error: sinks.xapi.deadline: "90 s" is not a time; fix: write a number with its unit (ms, s, m, h or d), such as 24h`},
	{"sinks: {xapi: {deadline: 100d}}", `f:1:26: error: sinks.xapi.deadline: "100d" is not from 1s to 720h; fix: write one within these bounds, such as 24h`},
	{"sinks: {amqp: {urls: [amqp://a], username: u, keep_alive: 1500ms}}", `f:1:59: error: sinks.amqp.keep_alive: "1500ms" is not a multiple of 1s; fix: write such a one, as 10s`},
	{"sinks: {webhook: {url: ''}}", "f:1:24: error: sinks.webhook.url: empty; fix: write a text, or leave the key out"},
	{"sinks: {webhook: {url: " + strings.Repeat("x", strictyaml.MaxText+1) + "}}", "f:1:24: error: sinks.webhook.url: more than 4096 bytes; fix: write a text"},
	{"sinks: {nats: {urls: nats://a}}", "f:1:22: error: sinks.nats.urls: not a list; fix: write a list: [nats://host:4222]"},
	{"sinks: {nats: {urls: []}}", "f:1:22: error: sinks.nats.urls: an empty list; fix: leave the key out"},
	{"sinks: {nats: {urls: }}", "f:1:22: error: sinks.nats.urls: no value; fix: write a list: [nats://host:4222], or leave the key out"},
	{"sinks: {nats: {urls: ['']}}", "f:1:23: error: sinks.nats.urls: empty; fix: write nats://host:4222, or leave the key out"},
	{"sinks: {nats: {urls: [" + strings.Repeat("a,", 101) + "]}}", "f:1:22: error: sinks.nats.urls: more than 100 entries; fix: leave some out"},
	{"sinks: {xapi: {filter: {classes: [VM]}}}", `f:1:35: error: sinks.xapi.filter.classes: "VM" is not known; fix: write vm, host or sr`},
	{"sinks: {xapi: {filter: {severities: [hihg, warning]}}}", `f:1:38: error: sinks.xapi.filter.severities: "hihg" is not known; fix: write warning or critical`},
	{"sinks: {xapi: {filter: {variable_regex: 'cpu('}}}", "f:1:24: error: sinks.xapi.filter: variable regex \"cpu(\": error parsing regexp: missing closing ): `cpu(`"},
	{"sinks: {xapi: {filter: {min_priority: 4, max_priority: 3}}}", "f:1:24: error: sinks.xapi.filter: priorities from 4 to 3: give the smaller first, neither below 0"},
	{"sinks: {xapi: {filter: {labels: {a: [b]}}}}", `f:1:37: error: sinks.xapi.filter.labels.a: not a single value; fix: write a text; "" for an empty one`},
	{"sinks: {xapi: {filter: {labels: {'': b}}}}", `f:1:24: error: sinks.xapi.filter: a label without a name for "b"`},

	// What is missing, or does not go together.
	{"sinks:\n  nats:", "f:2:3: error: sinks.nats: no urls; fix: write urls: [nats://host:4222]"},
	{"sinks: {webhook: }", "f:1:9: error: sinks.webhook: no url; fix: write one of url, url_file, url_env"},
	{"sinks: {webhook: {url: ftp://hush}}", "f:1:9: error: sinks.webhook: url: not of the form http://host:port/path or https://host:port/path"},
	{"sinks: {webhook: {url: 'http://user:hush@a'}}", "f:1:24: error: sinks.webhook.url: a user or password does not belong into an address; fix: use the keys that there are for them, or url_file"},
	{"sinks: {webhook: {url: http://a, url_env: URL}}", "f:1:43: error: sinks.webhook.url_env: not the only one of url, url_file, url_env; fix: keep one"},
	{"sinks: {webhook: {url: http://a, proxy_url: http://a, proxy_from_environment: true}}", "f:1:9: error: sinks.webhook: both proxy_url and proxy_from_environment; fix: keep one"},
	{"sinks: {webhook: {url: http://a, proxy_url: hush}}", "f:1:9: error: sinks.webhook: proxy: not of the form http://host:port or https://host:port"},
	{"sinks: {amqp: {urls: [amqp://a]}}", "f:1:9: error: sinks.amqp: no username"},
	{"sinks: {amqp: {urls: ['amqp://user:hush@a'], username: u}}", "f:1:9: error: sinks.amqp: url 1: only scheme, host, port and a vhost belong there; everything else has options of its own"},
	{"sinks: {amqp: {urls: [amqps://a], external_auth: true}}", "f:1:9: error: sinks.amqp: url 1: external authentication needs amqps and a client certificate"},
	{"sinks: {nats: {urls: [nats://a], stream: a.b}}", `f:1:9: error: sinks.nats: stream "a.b": a name has no dots, spaces, slashes or wildcards`},
	{"sinks: {webhook: {url: https://a, tls_config: {cert_file: /a}}}", "f:1:47: error: sinks.webhook.tls_config: a client certificate needs both its file and that of its key"},
	{"sinks: {webhook: {url: https://a, tls_config: {ca_file: /dev/null}}}", "f:1:47: error: sinks.webhook.tls_config: read the authorities: /dev/null has no certificate in PEM form"},

	// Secrets in the wrong place.
	{"sinks: {webhook: {url: http://a, secret: hush}}", "f:1:42: error: sinks.webhook.secret: a secret is not written into this file, which others may read; fix: write it into a file of its own, chmod 600, and name that with secret_file; or name a variable of the agent's environment with secret_env"},
	{"sinks: {nats: {urls: [nats://a], password_env: '$hush'}}", "f:1:48: error: sinks.nats.password_env: not the name of a variable; fix: write letters, digits and _, without $"},
	{"sinks: {nats: {urls: [nats://a], password_env: hush}}", "f:1:48: error: sinks.nats.password_env: there is no such variable, or it is empty; fix: set it where the agent is started, as /etc/sysconfig/perfmon"},
	{"sinks: {nats: {urls: [nats://a], token_file: /dev/null}}", "f:1:46: error: sinks.nats.token_file: read the secret: /dev/null is not a file"},
}

func TestProblems(t *testing.T) {
	for _, c := range wrong {
		got := problems(t, c.text)
		if got != c.want {
			t.Errorf("%.200q:\n%s\nwant\n%s", c.text, got, c.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("%q: a secret is repeated", c.text)
		}
	}
}

// TestAllProblemsAtOnce: they come together, in the order of the file.
func TestAllProblemsAtOnce(t *testing.T) {
	got := problems(t, `
mute_vm: true
sinks:
  webhook:
    url: http://a
    timeout: 5
    filter: {class: [vm]}
  nats:
    urls: [http://a]
  journal:
  amqp: {urls: [amqp://a], password: hush}
`)
	want := strings.TrimLeft(`
f:2:1: error: mute_vm: unknown key; fix: did you mean mute_vms?
f:6:14: error: sinks.webhook.timeout: "5" is not a time; fix: write a number with its unit (ms, s, m, h or d), such as 10s
f:7:14: error: sinks.webhook.filter.class: unknown key; fix: did you mean classes?
f:8:3: error: sinks.nats: url 1: not of the form nats://host:port or tls://host:port
f:10:3: error: sinks.journal: no kind, and the name is none; fix: did you mean journald? If not, write kind: xapi, alertmanager, webhook, nats, amqp or journald
f:11:38: error: sinks.amqp.password: a secret is not written into this file, which others may read; fix: write it into a file of its own, chmod 600, and name that with password_file; or name a variable of the agent's environment with password_env`, "\n")
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range strictyaml.MaxProblems + 5 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	lines := strings.Split(problems(t, b.String()), "\n")
	if last := lines[len(lines)-1]; len(lines) != strictyaml.MaxProblems+1 || last != "f: error: and 5 more problems; fix: mend the first ones" {
		t.Errorf("%d lines, the last %s", len(lines), last)
	}
	b.Reset()
	b.WriteString("sinks:\n")
	for i := range maxSinks + 1 {
		fmt.Fprintf(&b, "  j%d: {kind: journald}\n", i)
	}
	if got := problems(t, b.String()); got != "f:2:3: error: sinks: more than 50 sinks; fix: leave some out" {
		t.Error(got)
	}
}

// TestNoBombs: aliases of aliases, which would be gigabytes written out, are
// not followed at all.
func TestNoBombs(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 20 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 10))
	}
	b.WriteString("sinks: *a20\n")
	if got := problems(t, b.String()); !strings.HasSuffix(got, "f:22:8: error: sinks: an alias; fix: write the value out; in front of a text that begins with * put a quote") {
		t.Error(got)
	}
}

// TestWhatIsGoodIsUsed: a mistake costs the sink that it is in, and no other.
func TestWhatIsGoodIsUsed(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		s, err := load(t, text)
		if err == nil {
			t.Errorf("%s: no error", text)
		}
		var names []string
		for _, sink := range s.Sinks {
			names = append(names, sink.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: sinks %q, want %q", text, got, want)
		}
	}
	f("sinks: [", "xapi")
	f("a: 1", "xapi")
	f("sinks: {webhook: {ulr: http://host}, journald: {}}", "xapi journald")
	f("sinks: {xapi: {enabled: false}, webhook: {ulr: http://host}}", "")
	f("sinks: {xapi: {enabled: false, clera: none}}", "")
	f("sinks: {journald: {}, xapi: {clear: perhaps}}", "xapi journald")
	if s, _ := load(t, "sinks: {xapi: {clear: message, max_per_hour: -1}}"); s.Sinks[0].Clear != "none" || s.Sinks[0].MaxPerHour != 120 {
		t.Errorf("the toolstack's sink with a mistake: %+v", s.Sinks[0])
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	f := func(question, content string, mode os.FileMode, want string, warnings ...string) {
		t.Helper()
		path := write(t, dir, "hush", content)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		s, err := load(t, "sinks: {nats: {urls: [nats://a], username: u, password_file: "+path+"}}")
		if err != nil {
			_, msg, _ := strings.Cut(err.Error(), "password_file: ")
			if msg != want || want == "" {
				t.Errorf("%s: %v, want %q", question, err, want)
			}
			return
		}
		if got := s.Sinks[1].nats.Password; got != want {
			t.Errorf("%s: %q, want %q", question, got, want)
		}
		var got []string
		for _, w := range s.Warnings {
			got = append(got, strings.ReplaceAll(w.String(), dir, "DIR"))
		}
		if fmt.Sprint(got) != fmt.Sprint(warnings) {
			t.Errorf("%s: warnings %q, want %q", question, got, warnings)
		}
	}
	const more = "what is in it is more than one line, or no text; fix: put the secret there alone; 'openssl rand -hex 32' makes one"
	f("a line", "secret\n", 0o600, "secret")
	f("a line of Windows", "secret\r\n", 0o600, "secret")
	f("no end of line", "secret", 0o600, "secret")
	f("spaces", " se cret \n", 0o640, " se cret ")
	f("for everybody", "secret\n", 0o604, "secret", "sinks.nats.password_file: everybody may read or change DIR/hush; fix: chmod o= DIR/hush")
	f("empty", "", 0o600, "nothing is in it; fix: put the secret there")
	f("an empty line", "\n", 0o600, "nothing is in it; fix: put the secret there")
	f("two lines", "secret\n\n", 0o600, more)
	f("bytes", "\x01\x02", 0o600, more)
	f("huge", strings.Repeat("x", strictyaml.MaxSecret+1), 0o600, fmt.Sprintf("read the secret: %s has more than 65536 bytes", filepath.Join(dir, "hush")))
}

// TestCheckIsForSomebodyElse: what only the agent knows is a warning.
func TestCheckIsForSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	f := func(text, want string) {
		t.Helper()
		var lines []string
		for _, p := range Check(dir, []byte(text), noEnv) {
			lines = append(lines, p.Format("f"))
		}
		if got := strings.ReplaceAll(strings.Join(lines, "\n"), dir, "DIR"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
	f("sinks: {webhook: {url_env: URL, secret_env: S, proxy_url_env: P}}", `f:1:28: warning: sinks.webhook.url_env: there is no such variable here; the agent needs it; fix: set it where the agent is started, as /etc/sysconfig/perfmon
f:1:45: warning: sinks.webhook.secret_env: there is no such variable here; the agent needs it; fix: set it where the agent is started, as /etc/sysconfig/perfmon
f:1:63: warning: sinks.webhook.proxy_url_env: there is no such variable here; the agent needs it; fix: set it where the agent is started, as /etc/sysconfig/perfmon`)
	f("sinks: {webhook: {url_file: missing}}", "f:1:29: error: sinks.webhook.url_file: read the secret: stat DIR/missing: no such file or directory")
	path := write(t, dir, "hush", "secret")
	if err := errors.Join(os.Chmod(path, 0), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	whole := write(t, dir, "perfmon.yaml", "sinks: {webhook: {url_file: hush}}")
	if err := os.Chmod(whole, 0o644); err != nil {
		t.Fatal(err)
	}
	asNobody(func() {
		f("sinks: {webhook: {url_file: hush, tls_config: {ca_file: hush}}}", `f:1:29: warning: sinks.webhook.url_file: not checked: open DIR/hush: permission denied; fix: check again as root
f:1:47: warning: sinks.webhook.tls_config: not checked: read the authorities: open DIR/hush: permission denied; fix: check again as root`)
		_, err := Load(whole, noEnv)
		if err == nil || !strings.Contains(err.Error(), "hush: permission denied") {
			t.Errorf("to the agent it is no error: %v", err)
		}
	})
}
