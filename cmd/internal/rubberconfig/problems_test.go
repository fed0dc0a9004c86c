package rubberconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

const base = "brokers: {b: {urls: [amqp://h]}}\nclouds: {c: {driver: process}}\nprofiles: {p: {queue: q, command: [x]}}\n"

// wrong is what is said of each thing that can be wrong with one key.
var wrong = []struct{ text, want string }{
	{"[", "f:1: error: not YAML: did not find expected node content; fix: look at the indentation, quotes and brackets of what begins there"},
	{"hush", "f:1:1: error: a single value; fix: write keys with values below it, indented, with a space behind each colon"},
	{"max_machine: 5", "f:1:1: error: max_machine: unknown key; fix: did you mean max_machines?"},
	{"queues: {}", "f:1:1: error: queues: unknown key; fix: write a profile for each queue below profiles"},
	{"up_every: 5s", "f:1:1: error: up_every: unknown key; fix: write it below planner"},
	{"owner: Me", `f:1:8: error: owner: "Me": no name of an owner; fix: write up to 40 lower case letters, digits and -`},
	{"mode: old", `f:1:7: error: mode: "old" is not known; fix: write normal or ancestor`},
	{"max_machines: 0", `f:1:15: error: max_machines: "0" is not a whole number from 1 to 1000000; fix: write digits alone, within these bounds`},
	{"planner: {beta: -1}", `f:1:17: error: planner.beta: "-1" is not a number from 0 to 1000; fix: write digits, with a point if need be, within these bounds`},
	{"planner: {beta: .nan}", `f:1:17: error: planner.beta: ".nan" is not a number from 0 to 1000; fix: write digits, with a point if need be, within these bounds`},
	{"planner: {up_evry: 5s}", "f:1:11: error: planner.up_evry: unknown key; fix: did you mean up_every?"},
	{"planner: {interval: 5}", `f:1:21: error: planner.interval: "5" is not a time; fix: write a number with its unit (ms, s, m, h or d), such as 5s`},
	{"limits: {booting: never}", `f:1:19: error: limits.booting: "never" is not a time; fix: write a number with its unit (ms, s, m, h or d), such as 10m`},
	{"limits: {cloud_calls: many}", `f:1:23: error: limits.cloud_calls: "many" is not a whole number from 0 to 100000; fix: write digits alone, within these bounds`},

	{"brokers: {B: {}}", "f:1:11: error: brokers.B: no name for a broker; fix: write up to 40 lower case letters, digits, - and _, with a letter or digit at both ends"},
	{"brokers: {b: {}}", "f:1:11: error: brokers.b: no urls; fix: write urls: [amqps://host:5671/vhost]"},
	{"brokers: {b: {urls: [amqp://u:hush@h]}}", "f:1:11: error: brokers.b: urls: a user or password in the address; fix: write amqps://host:5671/vhost; user and password have keys of their own"},
	{"brokers: {b: {urls: [redis://h]}}", "f:1:11: error: brokers.b: urls: an address that does not begin with amqp:// or amqps://; fix: write amqps://host:5671/vhost; user and password have keys of their own"},
	{"brokers: {b: {urls: [amqp://h], password: hush}}", "f:1:43: error: brokers.b.password: a secret is not written into this file, which others may read; fix: write it into a file of its own, chmod 600, and name that with password_file; or name a variable of rubber's environment with password_env"},
	{"brokers: {b: {urls: [amqp://h], password_env: RABBIT, username: u}}", "f:1:47: error: brokers.b.password_env: there is no such variable, or it is empty; fix: set it where rubber is started, as /etc/default/rubber"},
	{"brokers: {b: {urls: [amqp://h], password_credential: ../hush, username: u}}", "f:1:54: error: brokers.b.password_credential: not the name of a credential; fix: write the name that stands behind LoadCredential=, without a path"},
	{"brokers: {b: {urls: [amqp://h], password_credential: rabbit, username: u}}", "f:1:54: error: brokers.b.password_credential: systemd hands no credentials over; fix: start rubber as a unit with LoadCredential=rabbit:<file>"},
	{"brokers: {b: {urls: [amqp://h], password_env: A, password_credential: rabbit, username: u}}", "f:1:71: error: brokers.b.password_credential: not the only one of password_file, password_env, password_credential; fix: keep one"},
	{"brokers: {b: {urls: [amqp://h], external_auth: true}}", "f:1:11: error: brokers.b: external_auth without a client certificate; fix: write tls_config with cert_file and key_file"},
	{"brokers: {b: {urls: [amqps://h], external_auth: true, username: u, tls_config: {cert_file: c, key_file: k}}}", "f:1:11: error: brokers.b: both a user and external_auth; fix: keep one"},
	{"brokers: {b: {urls: [amqps://h], external_auth: true, tls_config: {cert_file: c, key_file: k}}}", ""},
	{"brokers: {b: {urls: [amqp://h], username: u}}", "f:1:11: error: brokers.b: one of username and password without the other; fix: write both (password_file names the file with it), or neither"},
	{"brokers: {b: {kind: http}}", "f:1:11: error: brokers.b: no url; fix: write url: https://host/path?queue={queue}"},
	{"brokers: {b: {kind: http, url: http://h, header: A}}", "f:1:11: error: brokers.b: one of header and secret without the other; fix: write both, or neither"},
	{"brokers: {b: {kind: http, url: http://h, workers_url: 'http://u:hush@h'}}", "f:1:11: error: brokers.b: workers_url: a user or password in the address; fix: write https://host/path; a secret has keys of its own"},
	{"brokers: {b: {kind: http, url: http://h, workers_url: 'http://h/{queue}'}}", "f:1:11: error: brokers.b: workers_url: {queue} in the address; fix: write https://host/path: the list is of the workers of all queues"},
	{"brokers: {b: {urls: [amqp://h], workers_url: http://h}}", "f:1:11: error: brokers.b: workers_url of the kind rabbitmq; fix: write kind: http, or take it out"},

	{"clouds: {c: {}}", "f:1:10: error: clouds.c: no driver; fix: write driver: openstack, xapi, libvirt or process"},
	{"clouds: {c: {driver: nova}}", `f:1:22: error: clouds.c.driver: "nova" is not known; fix: write openstack, xapi, libvirt or process`},
	{"clouds: {c: {driver: openstack}}", "f:1:10: error: clouds.c: no cloud is named; fix: write openstack: {cloud: the name that it has in clouds.yaml}, or environment: true"},
	{"clouds: {c: {driver: process, libvirt: {uri: x}}}", "f:1:40: error: clouds.c.libvirt: keys of another driver; fix: write driver: libvirt, or take them out"},
	{"clouds: {c: {driver: process, dir: /x}}", "f:1:31: error: clouds.c.dir: unknown key; fix: write it below process"},
	{"clouds: {c: {driver: xapi, xapi: {url: https://h}}}", "f:1:10: error: clouds.c: a url without a user and its password; fix: write username and password_file"},
	{"clouds: {c: {driver: process, process: {min_free: 5}}}", `f:1:51: error: clouds.c.process.min_free: "5" is not a size; fix: write a whole number with its unit (B, KiB, MiB, GiB or TiB), such as 4GiB`},
	{"clouds: {c: {driver: process, process: {max_log: 1B}}}", `f:1:50: error: clouds.c.process.max_log: "1B" is not from 4KiB to 1TiB; fix: write one within these bounds`},
	{"clouds: {c: {driver: process, process: {max_log: 999999999999999999TiB}}}", `f:1:50: error: clouds.c.process.max_log: "999999999999999999TiB" is not a size; fix: write a whole number with its unit (B, KiB, MiB, GiB or TiB), such as 4GiB`},

	{"profiles: {p: {}}", "f:1:12: error: profiles.p: no queue; fix: write queue: the queue's name\nf:1:12: error: profiles.p: no broker; fix: write one below brokers\nf:1:12: error: profiles.p: no cloud; fix: write one below clouds"},
	{base + "  ", ""},
	{strings.Replace(base, "queue: q", "queue: q, broker: bb", 1), `f:3:34: error: profiles.p.broker: there is no broker "bb"; fix: did you mean b?`},
	{strings.Replace(base, "queue: q", "queue: q, cloud: cloud9", 1), `f:3:33: error: profiles.p.cloud: there is no cloud "cloud9"; fix: write c`},
	{strings.Replace(base, "{b: {", "{a: {urls: [amqp://x]}, b: {", 1), "f:3:12: error: profiles.p: no broker; fix: write broker: a or b"},
	{strings.Replace(base, "queue: q", "queue: q, min: 3, max: 2", 1), "f:3:12: error: profiles.p: min 3 is more than max 2; fix: write min as the smaller one"},
	{strings.Replace(base, "queue: q", "queue: q, celery_name: '{name}@x'", 1), "f:3:12: error: profiles.p: celery_name does not end with @{name}; fix: write celery_name: celery@{name}: a machine's worker is known by what stands behind the @"},
	{strings.Replace(base, "queue: q", "queue: q, vm_image: x", 1), "f:3:26: error: profiles.p.vm_image: unknown key; fix: did you mean image?"},
	{strings.Replace(base, "queue: q", "queue: q, env: {'A B': x}", 1), "f:3:12: error: profiles.p: env: A… is no name of a variable; fix: write letters, digits and _"},
	{strings.Replace(base, "queue: q", "queue: q, schedule: {}", 1), "f:3:36: error: profiles.p.schedule: not a list; fix: write a list of {days: [mon, fri], from: '08:00', until: '18:00', min: 2}"},
	{strings.Replace(base, "queue: q", "queue: q, schedule: [{from: '8:00', min: 1}]", 1), `f:3:44: error: profiles.p.schedule[1].from: "8:00": no time of day; fix: write a time of day such as '08:00'`},
	{strings.Replace(base, "queue: q", "queue: q, schedule: [{zone: Europe/Berln, min: 1}]", 1), `f:3:44: error: profiles.p.schedule[1].zone: "Europe/Berln": no time zone that this machine knows; fix: write a time zone such as Europe/Berlin`},
	{strings.Replace(base, "queue: q", "queue: q, schedule: [{days: [monday], min: 1}]", 1), `f:3:45: error: profiles.p.schedule[1].days: "monday" is not known; fix: write mon, tue, wed, thu, fri, sat or sun`},
	{strings.Replace(base, "queue: q", "queue: q, schedule: [{days: [mon]}]", 1), "f:3:37: error: profiles.p.schedule[1]: a window without bounds; fix: write min, max or both"},
	{strings.Replace(base, "queue: q", "queue: q, user_data: {write_files: [{path: x, text: y}]}", 1), `f:3:59: error: profiles.p.user_data.write_files[1].path: "x": no absolute path; fix: write an absolute path`},
	{strings.Replace(base, "queue: q", "queue: q, user_data: {write_files: [{path: /x, text: y, mode: rw}]}", 1), `f:3:78: error: profiles.p.user_data.write_files[1].mode: "rw" is no mode; fix: write octal digits such as "0640"`},
	{strings.Replace(base, "queue: q", "queue: q, user_data: {parts: [{file: x, type: a/b}]}", 1), `f:3:62: error: profiles.p.user_data.parts[1].type: "a/b": no MIME type; fix: write a MIME type such as x-shellscript or cloud-config`},

	{strings.Replace(base, ", command: [x]", "", 1), "f:3:12: error: profiles.p: no command: what would a process be?; fix: write command: [program, argument]"},
	{strings.Replace(base, "driver: process", "driver: openstack, openstack: {environment: true}", 1), "f:3:12: error: profiles.p: no flavor: Nova makes no server without one; fix: write flavor: its name or id\nf:3:12: error: profiles.p: no image: what would a machine boot from?; fix: write image: its name or id"},
	{strings.Replace(base, "driver: process", "driver: xapi", 1), "f:3:12: error: profiles.p: no image: what would a machine boot from?; fix: write image: its name or id"},
	{strings.Replace(base, "queue: q", "queue: q, min: 51", 1), "f:3:12: error: profiles.p: min 51 is more than max_machines 50; fix: write min as the smaller one"},
	{strings.Replace(base, "queue: q", "queue: q, warm: 3, max: 2", 1), "f:3:12: error: profiles.p: warm 3 is more than max 2; fix: write warm as the smaller one: machines that are parked count"},
	{strings.Replace(base, "{p: {queue: q, ", "{o: {queue: q, command: [y]}, p: {queue: q, ", 1), "f:3:41: error: profiles.p: it has the queue of profile o, and each would have machines made for all of it; fix: keep one of them"},
	{strings.Replace(base, "{p: {queue: q, ", "{o: {queue: r, command: [y], share: 30}, p: {queue: q, share: 30, ", 1), "f:1:1: error: the shares of all profiles are 60 machines, more than max_machines 50: not all can be guaranteed; fix: write less, or raise max_machines"},
	{base + "alarms: {from: [nats]}", `f:4:17: error: alarms.from: "nats" is not known; fix: write engine, amqp or webhook`},
	{base + "alarms: {from: [webhook], webhook: {listen: 0.0.0.0:9792}}", "f:4:36: error: alarms.webhook: the webhook listens beyond this machine without a token; fix: write token_file, or listen on 127.0.0.1"},
	{base + "alarms: {webhook: {listen: 9792}}", `f:4:28: error: alarms.webhook.listen: "9792" is no place to listen on; fix: write address:port`},
	{base + "alarms: {effects: [{variable: a, effect: bad}]}", `f:4:42: error: alarms.effects[1].effect: "bad" is not known; fix: write contended, memory, network, disk, danger, slow, full, advise or ignore`},
	{base + "alarms: {effects: [{variable: a}]}", "f:4:20: error: alarms.effects[1]: no effect; fix: write effect: contended, memory, network, disk, danger, slow, full, advise or ignore"},
	{base + "alarms: {effects: [{effect: full}]}", "f:4:20: error: alarms.effects[1]: a rule for every alarm there is: write class, variable or labels"},
	{strings.Replace(base, "{b: {", "{a: {urls: [amqp://x]}, b: {", 1) + "alarms: {from: [amqp]}", "f:3:12: error: profiles.p: no broker; fix: write broker: a or b\nf:1:1: error: alarms: no broker; fix: write broker: a or b"},
	{base + "engine: {password: hush}", "f:4:10: error: engine.password: unknown key; fix: write the secret into a file of its own, chmod 600, and name that with password_file"},
	{base + "web: {listen: none, token: hush}", "f:4:28: error: web.token: a secret is not written into this file, which others may read; fix: write it into a file of its own, chmod 600, and name that with token_file; or name a variable of rubber's environment with token_env"},
	{base + "adopt: [{name: x, profile: y}]", `f:4:28: error: adopt[1].profile: there is no profile "y"; fix: write p`},
	{base + "adopt: [{name: x, created: yesterday}]", `f:4:28: error: adopt[1].created: "yesterday" is not a time; fix: write a time such as 2025-12-17T19:35:00Z`},
	{base + "adopt: [x]", "f:4:9: error: adopt[1]: a single value; fix: write keys with values below it, indented, with a space behind each colon\nf:4:9: error: adopt[1]: no name; fix: write name: the name of the machine"},
}

func TestProblems(t *testing.T) {
	for _, c := range wrong {
		got := problems(t, c.text)
		if !sameLines(got, c.want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("a secret is printed: %s", got)
		}
	}
}

// sameLines compares lines in any order: those of one place come as they come.
func sameLines(a, b string) bool {
	count := map[string]int{}
	for _, l := range strings.Split(a, "\n") {
		count[l]++
	}
	for _, l := range strings.Split(b, "\n") {
		count[l]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestValues: what is written arrives.
func TestValues(t *testing.T) {
	c := mustLoad(t, `
mode: ancestor
max_machines: 6
planner: {down_cooldown: 5m, beta: 1.5}
limits: {lost: never, booting: 5m}
brokers: {rabbit: {urls: ["amqp://h/%2Fa"]}}
clouds: {here: {driver: process, process: {min_free: 2GiB}}}
profiles:
  day:
    queue: q_1
    command: [x]
    memory: 512MiB
    schedule:
      - {days: [mon, sun], from: "22:00", until: "06:30", zone: Europe/Berlin, min: 0, max: 4}
alarms:
  from: [amqp, webhook]
  effects: [{variable: gpu_*, effect: danger}, {class: host, variable: cpu_usage, effect: ignore}]
web: {listen: none}
adopt: [{name: q-1-x, created: 2025-12-17T19:35:00Z}]
`)
	p := c.Profiles[0]
	if c.Mode != plan.Ancestor || c.Cap != 6 || c.Planner.DownCooldown != 5*time.Minute || c.Planner.Beta != 1.5 || c.Limits.Lost != -1 || c.Limits.Booting != 5*time.Minute {
		t.Errorf("%+v", c)
	}
	if p.Broker != "rabbit" || p.Cloud != "here" || p.Memory != 512<<20 || c.Clouds[0].Process.MinFree != 2<<30 {
		t.Errorf("%+v", p)
	}
	w := p.Schedule[0]
	if len(w.Days) != 2 || w.Days[0] != time.Monday || w.Days[1] != time.Sunday || w.From != 22*time.Hour || w.Until != 6*time.Hour+30*time.Minute || w.Zone.String() != "Europe/Berlin" || *w.Min != 0 || *w.Max != 4 {
		t.Errorf("%+v", w)
	}
	if c.Alarms.Broker != "rabbit" || len(c.Alarms.Effects) != 2 || c.Alarms.Effects[0].Effect != hear.Danger || c.Web.Listen != "" {
		t.Errorf("%+v", c.Alarms)
	}
	if a := c.Adopt[0]; a.Name != "q-1-x" || a.Profile != "day" || a.Created.Unix() != 1766000100 {
		t.Errorf("%+v", a)
	}
}

// TestNoSecretIsPrinted: with no verb, logger or encoder.
func TestNoSecretIsPrinted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "hidden", "hush-hush-hush")
	path := write(t, dir, "rubber.yaml", `
brokers:
  a: {urls: [amqp://h], username: u, password_file: hidden, management_username: m, management_password_file: hidden}
  b: {kind: http, url: http://h, header: A, secret_file: hidden}
clouds:
  n: {driver: openstack, openstack: {cloud: c, secret_file: hidden}}
  x: {driver: xapi, xapi: {url: https://h, username: u, password_file: hidden}}
alarms: {webhook: {token_file: hidden}}
web: {token_file: hidden}
`)
	c, err := Load(path, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if c.Brokers[0].Password.Reveal() != "hush-hush-hush" || c.Alarms.Webhook.Token != "hush-hush-hush" || c.Web.Token == "" || c.Clouds[0].OpenStack.Secret == "" {
		t.Error("a secret is missing")
	}
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	tree := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{c, *c, c.Brokers, c.Clouds[1], &c.Alarms, c.Web.Token} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		log.Info("text", "v", v)
		tree.Info("json", "v", v)
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		y, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(j, y...))
	}
	out.WriteString(c.Effective())
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), "68757368") {
		t.Error("a secret is printed")
	}
	if !strings.Contains(c.Effective(), "password_file: "+dir+"/hidden") {
		t.Errorf("where a secret is, is not said:\n%s", c.Effective())
	}
}

// FuzzConfig: whatever the file, there is an answer that is bounded and has its
// place, and what is in force can be read again.
func FuzzConfig(f *testing.F) {
	for _, c := range wrong {
		f.Add(c.text)
	}
	f.Add(base)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "_file") { // no file of this machine is read
			return
		}
		r := &strictyaml.Reader{Dir: "/nowhere", Env: noEnv}
		c := read(r, []byte(text))
		found := r.Found()
		if len(found) > strictyaml.MaxProblems+1 {
			t.Fatalf("%d problems", len(found))
		}
		for _, p := range found {
			if line := p.Format("f"); len(line) > 3000 || strings.Contains(line, "\n") || p.Column > 0 && p.Line == 0 {
				t.Errorf("a line %q", line)
			}
		}
		if r.Errors > 0 {
			return
		}
		again := &strictyaml.Reader{Dir: "/nowhere", Env: noEnv}
		if d := read(again, []byte(c.Effective())); again.Errors > 0 || d.Effective() != c.Effective() {
			t.Errorf("%s\n%v\n%s", text, again.Found(), c.Effective())
		}
	})
}
