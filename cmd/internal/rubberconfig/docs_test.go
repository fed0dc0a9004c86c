package rubberconfig

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"perfmon/cmd/internal/strictyaml"
)

const docsPath = "../../../docs/rubber-settings.md"

// TestDocs keeps docs/rubber-settings.md in step with the tables.
func TestDocs(t *testing.T) {
	want := docs()
	if *update {
		if err := os.WriteFile(docsPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/rubber-settings.md is not what the tables say: run the test with -update, and look at the difference")
	}
	for line := range strings.Lines(want) {
		if strings.HasSuffix(line, "|  |\n") {
			t.Errorf("a key without a meaning: %s", line)
		}
	}
}

const docsIntro = "# rubber's configuration\n\n" +
	"<!-- Made from the tables in cmd/internal/rubberconfig: go test ./cmd/internal/rubberconfig -run 'TestDocs|TestExample' -update -->\n\n" +
	"It is in `" + DefaultPath + "`, a YAML file, of which `packaging/rubber/rubber.yaml` is an example with every key.\n\n" +
	"- The file is strict. A key that is not known, or is there twice, a value out of bounds, a name of a broker that there is not, and a secret that cannot be read are\n" +
	"  errors with their line and column, and all of them are told at once. With one of them rubber does not start: to act upon half of a configuration would be worse.\n" +
	"- It is one document of at most 1 MiB in UTF-8, without anchors, aliases and tags.\n" +
	"- A time is a number with its unit, `500ms`, `10s`, `3m`, `24h`, `7d`, `1h30m`; a size is one, too, `512MiB`, `4GiB`.\n" +
	"- A relative name of a file begins in the directory of the configuration.\n" +
	"- No secret is in it. A key that ends in `_file` names a file with the secret in one line, one that ends in `_env` a variable of rubber's environment, one that ends in\n" +
	"  `_credential` one of those that systemd hands to a unit (`LoadCredential=`). Only one of them may be there. Secrets are read at the start, and are never printed or logged.\n" +
	"- Names of brokers, clouds and profiles have up to 40 lower case letters, digits, `-` and `_`.\n"

// docs is the whole page.
func docs() string {
	var b strings.Builder
	b.WriteString(docsIntro)
	l := &loader{c: Default()}
	l.c.Alarms.From = []string{"engine"}
	keys := l.keys()
	b.WriteString("\n## The file\n\n")
	table(&b, "", keys, false)
	for _, k := range keys {
		switch v := k.Value.(type) {
		case strictyaml.Group:
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n", k.Name, sentence(k.Text))
			table(&b, "", v.Keys, true)
		case *sections:
			fmt.Fprintf(&b, "\n## %s\n\n%s, each below its name; at most %d.\n\n", k.Name, sentence(k.Text), v.Max)
			table(&b, "", v.make("x", place{}), true)
		case *list:
			fmt.Fprintf(&b, "\n## %s\n\n%s; a list of at most %d.\n\n", k.Name, sentence(k.Text), v.Max)
			table(&b, "", v.make(place{}), true)
		}
	}
	return b.String()
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// table has a row for each key, and for those below it where they are not a
// section of the page.
func table(b *strings.Builder, prefix string, keys []key, deep bool) {
	if prefix == "" {
		b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	}
	for _, k := range keys {
		name, form, initial, text := "`"+prefix+k.Name+"`", k.Value.Form(), k.Value.Initial(), k.Text
		if initial != "" {
			initial = "`" + initial + "`"
		}
		if k.Required != "" {
			initial = "required"
		}
		var below []key
		more := "."
		switch v := k.Value.(type) {
		case strictyaml.SecretPart:
			if v.End != "_file" {
				continue
			}
			var names []string
			for _, n := range v.S.Names() {
				names = append(names, "`"+prefix+n+"`")
			}
			name, form, text = strings.Join(names, ", "), "a secret", v.S.Text
		case strictyaml.Misplaced:
			continue
		case strictyaml.Group:
			below, form = v.Keys, "keys"
		case ofDriver:
			below, form = v.Keys, "keys"
		case *sections:
			form = "see [below](#" + k.Name + ")"
		case *list:
			more = "[]."
			if deep {
				below = v.make(place{})
			}
		}
		if !deep && below != nil {
			form, below = "see [below](#"+k.Name+")", nil
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, form, initial, text)
		if below != nil {
			table(b, prefix+k.Name+more, below, deep)
		}
	}
}
