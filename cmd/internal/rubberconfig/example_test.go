package rubberconfig

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/scaling/rubber/hear"
)

var update = flag.Bool("update", false, "rewrite the sections planner and limits of the example")

const examplePath = "../../../packaging/rubber/rubber.yaml"

func readExample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// used is the example with every line in force.
func used(installed string) string {
	prose := regexp.MustCompile(`^# [^ ]|^#$`)
	var b strings.Builder
	for line := range strings.Lines(installed) {
		if !prose.MatchString(strings.TrimRight(line, "\n")) {
			line = strings.TrimPrefix(line, "#")
		}
		b.WriteString(line)
	}
	return b.String()
}

// withNumbers is a text of the example with the numbers of the planner and of
// rubber as they are now.
func withNumbers(text string) string {
	for name, keys := range map[string][]key{
		"planner": numberKeys(&Default().Planner, plannerTexts), "limits": numberKeys(&Default().Limits, limitTexts),
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "#%s:\n", name)
		for _, k := range keys {
			fmt.Fprintf(&b, "#  %s: %s\n", k.Name, k.Value.Initial())
		}
		text = regexp.MustCompile(`(?m)^#`+name+`:\n(#  .*\n)+`).ReplaceAllString(text, b.String())
	}
	return text
}

// TestExampleNumbers keeps the sections of numbers in step with the planner and
// with rubber.
func TestExampleNumbers(t *testing.T) {
	text := readExample(t)
	want := withNumbers(text)
	if *update {
		if err := os.WriteFile(examplePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Error("packaging/rubber/rubber.yaml has other numbers: run the test with -update, and look at the difference")
	}
}

func TestExampleChangesNothing(t *testing.T) {
	c, d := mustLoad(t, readExample(t)), mustLoad(t, "")
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Msg, "no profiles") {
		t.Errorf("%v", c.Warnings)
	}
	if !reflect.DeepEqual(c, d) {
		t.Errorf("%+v\n%+v", c, d)
	}
	d.Warnings, d.effective = nil, ""
	want := Default()
	want.Alarms.Webhook.TTL, want.Alarms.Settle = 3*time.Minute, 75*time.Second
	want.Alarms.Bounds = hear.Bounds{Hosts: hear.DefaultHosts, Alarms: hear.DefaultAlarms, Forget: hear.DefaultForget}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("%+v\n%+v", d, want)
	}
}

// loadExample is the example with every line in force, and the secrets that it
// names.
func loadExample(t *testing.T) *Config {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"rabbit.password", "nova.password", "xen.password", "webhook.token", "web.token", "rabbit-management"} {
		write(t, dir, name, "a-secret\n")
	}
	env := map[string]string{"DISPATCHER_AUTHORIZATION": "a-secret", "CREDENTIALS_DIRECTORY": dir}
	c, err := Load(write(t, dir, "rubber.yaml", used(withNumbers(readExample(t)))), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExampleUsed: with every line in force the file is right, and names every
// key there is. What it calls a default is one.
func TestExampleUsed(t *testing.T) {
	c := loadExample(t)
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if c.Brokers[0].Password != "a-secret" || c.Brokers[0].ManagementPassword != "a-secret" || c.Brokers[1].Secret != "a-secret" || c.Clouds[1].XAPI.Password != "a-secret" {
		t.Error("a secret was not read")
	}

	var root yaml.Node
	if err := yaml.Unmarshal([]byte(used(withNumbers(readExample(t)))), &root); err != nil {
		t.Fatal(err)
	}
	there := map[string][]string{} // keys with their values, without names of sections
	collect(there, "", root.Content[0])
	l := &loader{c: Default()}
	known := map[string]string{}
	flatten(known, "", l.keys(), l)
	for path, initial := range known {
		values, ok := there[path]
		if !ok {
			t.Errorf("the example has no %s", path)
			continue
		}
		if strings.HasPrefix(path, "planner.") || strings.HasPrefix(path, "limits.") {
			continue // TestExampleNumbers
		}
		if initial == "" || slices.Contains(values, initial) || slices.Contains(another, path) {
			continue
		}
		t.Errorf("the example has %s: %q, the default is %q", path, values, initial)
	}
	for path := range there {
		if _, ok := known[path]; !ok && !strings.Contains(path, ".env.") && !strings.Contains(path, ".labels.") && !isSecret(path) {
			t.Errorf("the example has %s, which is no key", path)
		}
	}
}

// another are keys with an example of another value than the default.
var another = []string{"profiles.*.schedule.from", "profiles.*.schedule.until", "clouds.*.process.min_free"}

func isSecret(path string) bool {
	return strings.HasSuffix(path, "_file") || strings.HasSuffix(path, "_env") || strings.HasSuffix(path, "_credential")
}

var named = []string{"brokers", "clouds", "profiles"}

// collect gathers the values of a text by their keys; what stands below a name
// that is up to the operator stands below a star.
func collect(to map[string][]string, prefix string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		path := prefix + n.Content[i].Value
		v := n.Content[i+1]
		switch {
		case slices.Contains(named, path) && prefix == "":
			to[path] = nil
			for j := 1; j < len(v.Content); j += 2 {
				collect(to, path+".*.", v.Content[j])
			}
		case v.Kind == yaml.MappingNode:
			to[path] = append(to[path], "")
			collect(to, path+".", v)
		case v.Kind == yaml.SequenceNode:
			var words []string
			for _, e := range v.Content {
				if e.Kind == yaml.MappingNode {
					collect(to, path+".", e)
				} else {
					words = append(words, e.Value)
				}
			}
			to[path] = append(to[path], strings.Join(words, ", "))
		default:
			to[path] = append(to[path], v.Value)
		}
	}
}

// flatten gathers the keys of tables with their defaults. Of a secret's keys it
// has the first one that the example shows.
func flatten(to map[string]string, prefix string, keys []key, l *loader) {
	for _, k := range keys {
		path := prefix + k.Name
		switch v := k.Value.(type) {
		case strictyaml.Group:
			to[path] = ""
			flatten(to, path+".", v.Keys, l)
		case ofDriver:
			to[path] = ""
			flatten(to, path+".", v.Keys, l)
		case *sections:
			to[path] = ""
			flatten(to, path+".*.", v.make("x", place{}), l)
		case *list:
			to[path] = ""
			flatten(to, path+".", v.make(place{}), l)
		case strictyaml.SecretPart, strictyaml.Misplaced:
		default:
			to[path] = v.Initial()
		}
	}
}

// TestExampleIsText: an editor of 100 columns shows it whole, and every line is
// a comment.
func TestExampleIsText(t *testing.T) {
	number := 0
	for line := range strings.Lines(readExample(t)) {
		number++
		if len(line) > 101 || strings.Contains(line, "\t") || !regexp.MustCompile(`^#|^$`).MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("line %d: %s", number, line)
		}
	}
}

// TestEffective: what is in force can be read again, and means the same. No
// secret is in it.
func TestEffective(t *testing.T) {
	c := loadExample(t)
	out := c.Effective()
	if strings.Contains(out, "a-secret") {
		t.Error(out)
	}
	dir := t.TempDir()
	for _, name := range []string{"rabbit.password", "nova.password", "xen.password", "webhook.token", "web.token", "rabbit-management"} {
		write(t, dir, name, "a-secret\n")
	}
	env := map[string]string{"DISPATCHER_AUTHORIZATION": "a-secret", "CREDENTIALS_DIRECTORY": dir}
	again, err := Load(write(t, dir, "rubber.yaml", out), func(name string) string { return env[name] })
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if again.Effective() != out {
		t.Errorf("%s\n%s", out, again.Effective())
	}
	// Relative names are absolute now, of another folder.
	plain := regexp.MustCompile(`/tmp/[^ "\]}]*/`)
	norm := func(c *Config) string { return plain.ReplaceAllString(fmt.Sprintf("%+v", *c), "") }
	if a, b := norm(c), norm(again); stripTail(a) != stripTail(b) {
		t.Errorf("%s\n%s", a, b)
	}
	empty := mustLoad(t, "").Effective()
	for _, want := range []string{"max_machines: 50\n", "  from: [engine]\n", "  down_cooldown: ", "  lost: 6h\n", "listen: 127.0.0.1:9791\n"} {
		if !strings.Contains(empty, want) {
			t.Errorf("no %q in\n%s", want, empty)
		}
	}
}

// stripTail leaves out what a configuration prints of itself, and pointers.
func stripTail(s string) string {
	s, _, _ = strings.Cut(s, "effective:")
	return regexp.MustCompile(`0x[0-9a-f]+`).ReplaceAllString(s, "")
}

// TestTexts: every key has a text.
func TestTexts(t *testing.T) {
	var check func(prefix string, keys []key)
	l := &loader{c: Default()}
	check = func(prefix string, keys []key) {
		for _, k := range keys {
			if k.Text == "" && !strings.HasPrefix(prefix, "planner.") && !strings.HasPrefix(prefix, "limits.") {
				t.Errorf("%s%s has no text", prefix, k.Name)
			}
			switch v := k.Value.(type) {
			case strictyaml.Group:
				check(prefix+k.Name+".", v.Keys)
			case ofDriver:
				check(prefix+k.Name+".", v.Keys)
			case *sections:
				check(prefix+k.Name+".", v.make("x", place{}))
			case *list:
				check(prefix+k.Name+".", v.make(place{}))
			}
		}
	}
	check("", l.keys())
}
