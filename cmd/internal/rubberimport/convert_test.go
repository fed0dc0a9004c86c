package rubberimport

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber/plan"
)

var update = flag.Bool("update", false, "rewrite what is expected of the ancestor's configuration")

func sample(t testing.TB) []byte {
	t.Helper()
	src, err := os.ReadFile("testdata/ancestor.py")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s is not what is made: run the test with -update, and look at the difference\n%s", path, got)
	}
}

// TestConvert: a whole file of the ancestor's, with machines.
func TestConvert(t *testing.T) {
	r, err := Convert(sample(t), []Machine{
		{Name: "ogc-wps-0-1111", Queue: "ogc_wps_0", Created: time.Unix(1766000100, 5e8)},
		{Name: "gone-2222", Queue: "gone"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var notes strings.Builder
	for _, n := range r.Notes {
		fmt.Fprintln(&notes, n)
	}
	golden(t, "rubber.yaml", string(r.Config()))
	golden(t, "notes.txt", notes.String())
	golden(t, "clouds.yaml", string(r.Files[len(r.Files)-1].Content))

	// What is made can be read, and means what the ancestor's meant.
	dir := filepath.Join(t.TempDir(), "new")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"OS_PASSWORD": "s", "BROKER_ADMIN_PASS": "s"}
	c, err := rubberconfig.Load(filepath.Join(dir, ConfigName), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	b, p := c.Brokers[0], c.Profiles[0]
	if b.URLs[0] != "amqp://rabbit.example:5673" || b.Username != "bob" || b.Password != "p@ss" || b.ManagementUsername != "monitor" || b.Management[0] != "http://rabbit.example:15672" {
		t.Errorf("%+v", b)
	}
	if c.Mode != plan.Ancestor || c.Cap != 6 || c.Planner.Interval != 2*time.Second || c.Planner.MinIdle != 1 || c.Limits.Booting != 5*time.Minute {
		t.Errorf("%+v", c)
	}
	if p.Queue != "ogc_wps_0" || p.Image != "docker-worker" || p.Flavor != "m1.large" || p.Networks[0] != "internal" || p.Key != "deploy" || p.SpawnRatio != 1 || p.BackorderAllowed != 0 ||
		p.UserData.Template != filepath.Join(dir, "ogc_wps_0.user-data") || p.UserData.Files[0].Mode != 0o640 || p.UserData.Files[0].File != filepath.Join(dir, "ogc_wps_0.file-1") || p.UserData.Parts[0].Type != "x-shellscript" {
		t.Errorf("%+v", p)
	}
	if c.Profiles[1].Name != "transcoding-service" || c.Profiles[1].Memory != 2<<30 || c.Profiles[1].SpawnRatio != 0.2 || len(c.Profiles) != 2 {
		t.Errorf("%+v", c.Profiles)
	}
	if len(c.Adopt) != 1 || c.Adopt[0].Name != "ogc-wps-0-1111" || c.Adopt[0].Created.Unix() != 1766000100 {
		t.Errorf("%+v", c.Adopt)
	}

	for name, want := range map[string]string{
		"ogc_wps_0.user-data": "#cloud-config\nruncmd:\n  - start-worker --queue \"{QUEUE_NAME}\" \\\n      --broker \"$AMQP_HOST\" --home ${HOME} '{{\"a\": 1}}'\n\nsecond part\n\n", "ogc_wps_0.file-1": "a=1\n",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}

	// Secrets are in files of their own alone, which nobody else may read.
	if strings.Contains(string(r.Config())+notes.String()+fmt.Sprint(r.Files), "p@ss") || strings.Contains(string(r.Config()), "p%40ss") {
		t.Error("a secret is printed")
	}
	for _, f := range r.Files[1:] {
		if info, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.Name, info, err)
		}
	}
	if err := r.Write(dir); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("written over: %v", err)
	}
}

// TestConvertSmall: what is not there, or is of another kind.
func TestConvertSmall(t *testing.T) {
	for _, c := range []struct{ src, note, yaml string }{
		{"", "WORKER_SERVICES: there is none: write profiles", "max_machines: 50\n"},
		{"", "OPS_CONFIG: there is none: write clouds", "urls: ['amqp://localhost:5672']"},
		{"CELERY = {'BROKER_URL': 'redis://h'}", "line 1: CELERY.BROKER_URL: it is no address of an AMQP broker", "localhost"},
		{"CELERY = {'BROKER_URL': 'amqp://u:hush@[::1]:1/%2Fa'}", "", "urls: ['amqp://[::1]:1/%2Fa']"},
		{"CELERY = {'BROKER_URL': 'amqps://h/v'}", "", "urls: ['amqps://h:5671/v']"},
		{"CELERY = {'BROKER_URL': 'amqp://%s:%s@h' % (USER, 'hush')}", "line 1: CELERY.BROKER_URL: what only Python could tell ('…' % (USER, '…')) is not carried over", "localhost"},
		{"CELERY = {'BROKER_URL': os.environ['BROKER']}", "line 1: CELERY.BROKER_URL: it came from the environment's BROKER: write what it is", "localhost"},
		{"CELERY = make_config()", "line 1: CELERY: what only Python could tell (make_config()) is not carried over", "localhost"},
		{"RUBBER_MAX_VM_QTY = -1", "line 1: RUBBER_MAX_VM_QTY: -1 is not from 1 to 1e+06", "max_machines: 50"},
		{"RUBBER_MAX_VM_QTY = '7'", "", "max_machines: 7"},
		{"RUBBER_MAX_VM_QTY = [7]", "line 1: RUBBER_MAX_VM_QTY: a list is not carried over", "max_machines: 50"},
		{"RUBBER_EVAL_INTERVAL = 0.5", "", "interval: 500ms"},
		{"BROKER_ADMIN_PASS = 'hush'", "", "management_username: guest"},
		{"BROKER_ADMIN_PASS = f('hush')", "line 1: BROKER_ADMIN_PASS: what only Python could tell (f('…')) is not carried over", ""},
		{"OPS_CONFIG = {'a': {'auth_url': 'http://k/v3', 'username': 'u'}, 'b': {'cloud_type': 'aws'}, 'c': {'enabled': False}}", `line 1: OPS_CONFIG.cloud_type: a cloud of the type "aws" is not known`, "  a:\n    driver: openstack"},
		{"OPS_CONFIG = [{'name': 'A B', 'password': 'hush'}]", `line 1: OPS_CONFIG.name: "A B" is called a-b now`, "secret_file: a-b.password"},
		{"WORKER_SERVICES = {'p': {'celery_queue_name': 'q'}, 'P': {'celery_queue_name': 'q'}}", `line 1: WORKER_SERVICES.P: the queue "q" is served by the profile p as well`, "  p-2:\n"},
	} {
		r, err := Convert([]byte(c.src), nil)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		all := fmt.Sprint(r.Notes)
		if !strings.Contains(all, c.note) || !strings.Contains(string(r.Config()), c.yaml) || strings.Contains(all+string(r.Config()), "hush") {
			t.Errorf("%s\n%s\n%s", c.src, all, r.Config())
		}
	}
	for src, want := range map[string]string{
		"a = [1": "line 1: \"\" where , or ] should be", "a = 'x": "line 1: a string without an end", "a = '''x\n\n": "line 1: a string without an end", "a = {1: 2 3: 4 5": "line 1: ",
		"a = " + strings.Repeat("[", 1000): "line 1: more than 100 brackets", "\xff": "not UTF-8", strings.Repeat("#", MaxConfig+1): "more than 1048576 bytes",
	} {
		if _, err := Convert([]byte(src), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", src, err)
		}
	}
}

// TestPython: what is read of Python's literals.
func TestPython(t *testing.T) {
	src := "a = 'x' \"y\" # c\nb = r'\\n' u'\\u00e9' b'\\x41\\101' '\\q' 'a\\\nb'\nc = (1, 2.5, -3, 0x1f, 1_000, 7L, 1e3)\nd = ('one')\ne = [True, False, None, a]\n" +
		"f = {'k': {'l': 1,}, 2: 'two', a + b: 3}\nf['k']['m'] = 2\ng = os.environ['A']\nh = getenv('B', 'c')\ni = os.environ.get('C') or 'e'\nj = 1 + 2; k = '''l\nm'''\n" +
		"n = lambda x: {1: 2}\no = x if y else [1]\np = 'a' % b\nq = \\\n  'r'\ns = f'{a}' 't'\nt = dict(u=1, v=[2])\nw = x[1:2].y(3)\nz: int = 5\n"
	names, notes, err := parsePython([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range names.keys {
		got = append(got, name+"="+show(names.items[name]))
	}
	want := "a='xy' b='\\né AA\\qab' c=[1 2.5 -3 31 1000 7 1000] d='one' e=[true false none 'xy'] f={k:{l:1 m:2} 2:'two'} g=$A h=$B|'c' i=$C|'e' j=? k='l\nm' n=? o=? p=? q='r' s=? t={u:1 v:[2]} w=?"
	want = strings.Replace(want, "é A", "éA", 1)
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if len(notes) != 2 {
		t.Errorf("%v", notes)
	}
}

func show(v value) string {
	switch v := v.(type) {
	case text:
		return "'" + string(v) + "'"
	case number:
		return fmt.Sprint(v.value)
	case none:
		return "none"
	case env:
		if v.otherwise != nil {
			return "$" + v.name + "|" + show(v.otherwise)
		}
		return "$" + v.name
	case list:
		var all []string
		for _, one := range v {
			all = append(all, show(one))
		}
		return "[" + strings.Join(all, " ") + "]"
	case *dict:
		var all []string
		for _, k := range v.keys {
			all = append(all, k+":"+show(v.items[k]))
		}
		return "{" + strings.Join(all, " ") + "}"
	case unknown:
		return "?"
	}
	return fmt.Sprint(v)
}

// FuzzConvert: whatever the file, there is an end, and what is made is YAML that
// has no mistake but what is missing.
func FuzzConvert(f *testing.F) {
	f.Add(string(sample(f)))
	f.Add("CELERY = {'BROKER_URL': 'amqp://h'}\nWORKER_SERVICES = {'p': {'celery_queue_name': 'q', 'os_args': {'image': 'i'}}}\nOPS_CONFIG = {'name': 'n', 'auth_url': 'x'}\n")
	f.Fuzz(func(t *testing.T, src string) {
		r, err := Convert([]byte(src), nil)
		if err != nil {
			return
		}
		for _, p := range rubberconfig.Check("/nowhere", r.Config(), func(string) string { return "" }) {
			if strings.Contains(p.Msg, "not YAML") || strings.Contains(p.Msg, "unknown key") {
				t.Errorf("%s\n%s", p, r.Config())
			}
		}
	})
}
