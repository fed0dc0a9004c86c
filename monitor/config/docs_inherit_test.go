package config

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// docsLayer is the layer that an example of the page is.
func docsLayer(name string) (Layer, bool) {
	switch name {
	case "vm.xml":
		return Layer{Origin: "the file", Class: ClassVM}, true
	case "pool.xml":
		return Layer{Origin: "the pool"}, true
	}
	return Layer{}, false
}

// TestDocsInheritance keeps the table of what the example of inheritance
// makes.
func TestDocsInheritance(t *testing.T) {
	p := readPage(t, triggersPath)
	read := func(name string) *Defaults {
		layer, _ := docsLayer(name)
		layer.Text = p.fence(t, "xml "+name).text
		d, problems := ParseDefaults(layer, Options{})
		if d == nil || len(problems) > 0 {
			t.Fatal(problems)
		}
		return d
	}
	file, pool := read("vm.xml"), read("pool.xml")
	text := ""
	for i, f := range p.fences {
		if f.info == "xml pool.xml" {
			text = p.fences[i+1].text // the VM's own
		}
	}
	own, problems := Parse(ClassVM, text, Options{})
	if own == nil || len(problems) > 0 {
		t.Fatal(problems)
	}
	names := []string{"cpu_usage", "network_usage", "memory_internal_free"}
	var b strings.Builder
	b.WriteString("| VM | `" + strings.Join(names, "` | `") + "` |\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	for _, vm := range []struct {
		what string
		tags []string
		own  *Config
	}{
		{"without tags", nil, nil},
		{"`production`", []string{"production"}, nil},
		{"`batch`", []string{"batch"}, nil},
		{"`production`, with XML of its own", []string{"production"}, own},
	} {
		c, from, problems := Effective(ClassVM, vm.tags, vm.own, file, pool)
		if len(problems) > 0 {
			t.Error(problems)
		}
		b.WriteString("| " + vm.what)
		for _, name := range names {
			b.WriteString(" | " + inForce(c, from, name))
		}
		b.WriteString(" |\n")
	}
	p.region(t, "inheritance", b.String())
	p.write(t)
}

// inForce is a cell of the table.
func inForce(c *Config, from []Provenance, name string) string {
	for _, p := range from {
		if p.Variable != name {
			continue
		}
		origin := strings.ReplaceAll(p.From.Origin, OwnOrigin, "its own")
		if p.From.Tag != "" {
			origin += fmt.Sprintf(", tag `%s`", p.From.Tag)
		}
		if p.Disabled {
			return "off: " + origin
		}
		return strconv.FormatFloat(c.byName()[name].Level, 'f', -1, 64) + ": " + origin
	}
	return "—"
}
