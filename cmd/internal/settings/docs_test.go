package settings

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"perfmon/cmd/internal/strictyaml"
)

var update = flag.Bool("update", false, "rewrite docs/settings.md")

const docsPath = "../../../docs/settings.md"

// TestDocs keeps docs/settings.md in step with the tables.
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
		t.Error("docs/settings.md is not what the tables say: run the test with -update, and look at the difference")
	}
}

const docsIntro = `# Settings

<!-- Made from the tables in cmd/internal/settings: go test ./cmd/internal/settings -run TestDocs -update -->

The agent's settings are in ` + "`" + DefaultPath + "`" + `, a YAML file. Without it, or with nothing in it, the defaults hold. What is
watched is not there but in [triggers](triggers.md); what each sink does and promises is in [sinks.md](sinks.md).

    mute_vms: true
    sinks:
      xapi:
        clear: message
      pager:
        kind: webhook
        url_file: pager.url
        filter:
          severities: [critical]

- The file is strict. A key that is not known, or is there twice, a value out of bounds and a secret that cannot be
  read are errors with their line, and all of them are told at once. ` + "`perfmonctl check perfmon.yaml`" + ` finds them
  beforehand; its exit codes are those of a check of triggers. The agent leaves out what is wrong and starts with the
  rest: a sink with a mistake in it is not there, but for the toolstack's, which has its defaults then. The log says
  so, and ` + "`perfmon_settings_errors`" + ` counts it; what waits for such a sink is kept. The file is read at the start.
- It is one document of at most %d MiB in UTF-8, without anchors, aliases and tags.
- A time is a number with its unit: ` + "`500ms`, `10s`, `3m`, `24h`, `7d`, `1h30m`" + `.
- A relative name of a file begins in the directory of the settings.
- ` + "`packaging/perfmon.yaml`" + ` is an example to begin with.

## Secrets

A secret is never in the file, so that everybody may read it. A key that ends in ` + "`_file`" + ` names a file with the secret in
one line (%d KiB at most); one that ends in ` + "`_env`" + ` names a variable of the agent's environment. Only one of them may be there.
A file that everybody on the host may read or change is warned of. Secrets are read when the agent starts, and are never
printed or logged. Addresses may be written into the file as well.
`

const docsRest = `
    openssl rand -hex 32 | install -m 600 /dev/stdin /etc/perfmon/pager.secret

`

// docs is the whole of docs/settings.md.
func docs() string {
	var b strings.Builder
	fmt.Fprintf(&b, docsIntro, strictyaml.MaxBytes>>20, strictyaml.MaxSecret>>10)
	b.WriteString(docsRest)
	b.WriteString("## The file\n\n")
	s := &Settings{}
	table(&b, "", s.keys(&sinks{to: s}), nil)

	b.WriteString("\n## Every sink\n\n")
	fmt.Fprintf(&b, "What stands below `sinks` is the name of a sink, in metrics and in the journal: up to 64 lower case letters, digits, `-` and `_`. "+
		"The name is its kind as well, unless `kind` says otherwise; so there can be several of a kind, and %d sinks in all. "+
		"The kind `xapi` is there once, under that name. Whatever its kind, a sink has these keys:\n\n", maxSinks)
	none := kind{keys: func(*draft) []strictyaml.Key { return nil }}
	table(&b, "", newDraft("", none).keys(), map[string]string{
		"kind": "the name", "hold_silenced": "`true`; " + silencedToo(), "timeout": timeouts(),
	})
	b.WriteString("\nA delivery may take twice the `timeout` of one request, where there are requests.\n")

	fmt.Fprintf(&b, "\n## TLS\n\nThe keys below `tls_config`. Without it, TLS is up to the address, and the system's authorities are trusted.\n\n")
	g, _ := newDraft("", none).tlsKeys().Value.(strictyaml.Group)
	table(&b, "", g.Keys, nil)
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", k.name, k.text)
		if own := k.keys(newDraft(k.name, k)); len(own) > 0 {
			b.WriteString("\n")
			table(&b, "", own, nil)
		}
	}
	return b.String()
}

// table has a row for each key, except those of other sections. The defaults
// that differ from kind to kind are given.
func table(b *strings.Builder, prefix string, list []strictyaml.Key, defaults map[string]string) {
	if prefix == "" {
		b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	}
	for _, k := range list {
		names, form, initial, text := codes([]string{prefix + k.Name}), k.Value.Form(), k.Value.Initial(), k.Text
		if initial != "" {
			initial = codes([]string{initial})
		}
		if k.Required != "" {
			initial = "required"
		}
		switch v := k.Value.(type) {
		case *sinks:
			form = "sinks by name"
		case strictyaml.SecretPart:
			if v.End != "_file" {
				continue // one row for all keys of a secret
			}
			names, form, text = codes(v.S.Names()), "a secret", v.S.Text
			if v.S.Inline {
				form = "a text, or a secret"
			}
			if v.S.Required {
				initial = "required"
			}
		case strictyaml.Misplaced:
			continue
		case strictyaml.Group:
			if k.Name == "tls_config" {
				form, text = "keys", "see [TLS](#tls)"
				break
			}
			fmt.Fprintf(b, "| %s | keys | | %s |\n", names, text)
			table(b, k.Name+".", v.Keys, nil)
			continue
		}
		if other := defaults[k.Name]; other != "" {
			initial = other
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", names, form, initial, text)
	}
}

// silencedToo says of which kinds the sinks get what is silenced.
func silencedToo() string {
	var names []string
	for _, k := range kinds {
		if !k.holdSilenced {
			names = append(names, k.name)
		}
	}
	return "`false` for " + codes(names)
}

// timeouts are the defaults of the key timeout.
func timeouts() string {
	of := map[string][]string{}
	for _, k := range kinds {
		for path, value := range flatten("", newDraft(k.name, k).keys()) {
			if path == "timeout" {
				of[value.Initial()] = append(of[value.Initial()], k.name)
			}
		}
	}
	usual := of["10s"]
	delete(of, "10s")
	text := "`10s`"
	for _, value := range slices.Sorted(maps.Keys(of)) {
		text += "; `" + value + "` for " + codes(of[value])
	}
	if len(usual) < len(of) {
		panic("another default is the usual one")
	}
	return text
}

func codes(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

// TestDocsOfSinks: the tables of docs/sinks.md name the keys of each kind, all
// of them and no others.
func TestDocsOfSinks(t *testing.T) {
	page, err := os.ReadFile("../../../docs/sinks.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]*)`")
	for _, k := range kinds {
		_, section, ok := strings.Cut(string(page), "\n## "+k.name+"\n")
		if !ok {
			if k.name != kindXAPI {
				t.Errorf("docs/sinks.md has no section %s", k.name)
			}
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var got, want []string
		_, rows, _ := strings.Cut(section, "| key |")
		rows, _, _ = strings.Cut(rows, "\n\n")
		for line := range strings.Lines(rows) {
			first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
			for _, m := range code.FindAllStringSubmatch(first, -1) {
				got = append(got, m[1])
			}
		}
		d := newDraft(k.name, k)
		for _, key := range k.keys(d) {
			if !key.Refused {
				want = append(want, stem(key.Name))
			}
		}
		if d.request != nil {
			want = append(want, "timeout")
		}
		for i := range got {
			got[i] = stem(got[i])
		}
		slices.Sort(got)
		slices.Sort(want)
		got, want = slices.Compact(got), slices.Compact(want)
		if !slices.Equal(got, want) {
			t.Errorf("docs/sinks.md, %s: the keys %q, want %q", k.name, got, want)
		}
	}
}
