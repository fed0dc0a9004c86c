package settings

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"perfmon/cmd/internal/strictyaml"
)

const examplePath = "../../../packaging/perfmon.yaml"

// readExample is the example as it is installed, and with all its examples in
// force.
func readExample(t *testing.T) (installed, used string) {
	t.Helper()
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), regexp.MustCompile(`(?m)^#( *[^ #\n])`).ReplaceAllStringFunc(string(text), func(line string) string {
		// Prose is "# Text"; an example is "#key" at the top and "#  key" below.
		if regexp.MustCompile(`^# [^ ]`).MatchString(line) {
			return line
		}
		return line[1:]
	})
}

func TestExampleChangesNothing(t *testing.T) {
	installed, _ := readExample(t)
	s, none := mustLoad(t, installed), mustLoad(t, "")
	if s.MuteVMs != none.MuteVMs || len(s.Warnings) != 0 || len(s.Sinks) != 1 || s.Sinks[0].String() != none.Sinks[0].String() {
		t.Errorf("%+v, want %+v", s, none)
	}
}

// TestExampleUsed: with every example in force the file is right, and names
// every key there is; of a secret's keys, one. What it calls a default is one.
func TestExampleUsed(t *testing.T) {
	_, used := readExample(t)
	dir := t.TempDir()
	for _, name := range []string{"alertmanager.password", "pager.secret", "archive.token", "nats.creds", "nats.token", "rabbit.password"} {
		write(t, dir, name, "a-secret\n")
	}
	write(t, dir, "pager.url", "https://pager.example/a-secret\n")
	makePair(t, filepath.Join(dir, "host.crt"), filepath.Join(dir, "host.key"))
	makePair(t, filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key"))
	s, err := Load(write(t, dir, "perfmon.yaml", used), noEnv)
	if err != nil {
		t.Fatalf("%s\n%v", used, err)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("warnings: %v", s.Warnings)
	}
	var got []string
	for _, x := range s.Sinks {
		got = append(got, x.Name)
	}
	if want := []string{"xapi", "journald", "alertmanager", "pager", "archive", "nats", "nats-lab", "amqp"}; !slices.Equal(got, want) {
		t.Errorf("the sinks are %q, want %q", got, want)
	}

	var root yaml.Node
	if err := yaml.Unmarshal([]byte(used), &root); err != nil {
		t.Fatal(err)
	}
	there := map[string]string{} // the keys with their values
	collect(there, "", root.Content[0])
	kindsOf := map[string][]string{} // of sinks with a key
	initial := map[string]string{}   // by kind and key
	for _, k := range kinds {
		for path, value := range flatten("", newDraft(k.name, k).keys()) {
			kindsOf[stem(path)] = append(kindsOf[stem(path)], k.name)
			initial[k.name+" "+path] = value.Initial()
		}
	}
	for path, want := range kindsOf {
		found := false
		for name := range there {
			_, name, _ = strings.Cut(name, ".")
			sink, key, _ := strings.Cut(name, ".")
			found = found || stem(key) == path && slices.Contains(want, kindOfSink(s, sink))
		}
		if !found {
			t.Errorf("the example has no %s of a sink of the kind %q", path, want)
		}
	}
	// These are examples of another value.
	other := []string{"kind", "batch"}
	for name, value := range there {
		_, name, _ = strings.Cut(name, ".")
		sink, key, _ := strings.Cut(name, ".")
		if want := initial[kindOfSink(s, sink)+" "+key]; want != "" && value != want && !slices.Contains(other, key) {
			t.Errorf("the example has %s: %s, the default is %s", name, value, want)
		}
	}
	if there["mute_vms"] != "false" {
		t.Error("the example has no mute_vms: false")
	}
}

func kindOfSink(s *Settings, name string) string {
	for _, x := range s.Sinks {
		if x.Name == name {
			return x.Kind
		}
	}
	return ""
}

// stem is a key without what says where a secret is.
func stem(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "_file"), "_env")
}

// flatten are keys with their values, those below a key as key.below.
func flatten(prefix string, list []strictyaml.Key) map[string]strictyaml.Value {
	all := map[string]strictyaml.Value{}
	for _, k := range list {
		if g, ok := k.Value.(strictyaml.Group); ok {
			maps.Copy(all, flatten(prefix+k.Name+".", g.Keys))
		} else if !k.Refused {
			all[prefix+k.Name] = k.Value
		}
	}
	return all
}

// collect are the single values of a text, with the path of each; lists have
// none.
func collect(to map[string]string, prefix string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		path := prefix + n.Content[i].Value
		switch v := n.Content[i+1]; v.Kind {
		case yaml.MappingNode:
			to[path] = ""
			collect(to, path+".", v)
		default:
			to[path] = v.Value
		}
	}
}

// TestExampleIsText: an editor of 80 columns shows it whole, and every line is
// a comment.
func TestExampleIsText(t *testing.T) {
	installed, _ := readExample(t)
	number := 0
	for line := range strings.Lines(installed) {
		number++
		if len(line) > 81 || strings.Contains(line, "\t") || !regexp.MustCompile(`^ *#|^$`).MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("line %d: %s", number, line)
		}
	}
	if number < 50 {
		t.Errorf("only %d lines", number)
	}
}
