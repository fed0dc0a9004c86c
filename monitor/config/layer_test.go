package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// layerText writes a layer, its blocks on lines of their own:
// "vm: a=1 -b | vm/production: c=2 | : d" is one for the class vm, one for
// its tag production, and one that does not say a class.
func layerText(s string) string {
	text := "<triggers>\n"
	for block := range strings.SplitSeq(s, "|") {
		head, body, _ := strings.Cut(block, ":")
		class, tag, tagged := strings.Cut(strings.TrimSpace(head), "/")
		attributes := ""
		if class != "" {
			attributes += fmt.Sprintf(" class=%q", class)
		}
		if tagged {
			attributes += fmt.Sprintf(" tag=%q", tag)
		}
		text += shorthandBlock(attributes, body) + "\n"
	}
	return text + "</triggers>"
}

// blocks spells what is in a layer.
func blocks(d *Defaults) string {
	if d == nil {
		return "nil"
	}
	var all []string
	for _, b := range d.blocks {
		head := b.class
		if b.tag != "" {
			head += "/" + b.tag
		}
		text := head + ": " + names(b.config)
		for _, off := range b.config.Disabled {
			text += " -" + off.Name
		}
		all = append(all, text)
	}
	return strings.Join(all, " | ")
}

func TestParseDefaults(t *testing.T) {
	f := func(class, text, want string, problems ...string) {
		t.Helper()
		d, found := ParseDefaults(Layer{Origin: "x", Class: class, Text: text}, Options{})
		if got := blocks(d); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
		if len(found) != len(problems) {
			t.Fatalf("%s: %v", text, found)
		}
		for i, p := range found {
			got := fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Severity, p)
			if got != problems[i] {
				t.Errorf("%s:\ngot  %s\nwant %s", text, got, problems[i])
			}
		}
	}
	const v = `<variable><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable>`

	f("vm", "", "")
	f("", "", "")
	f("vm", "<config>"+v+"</config>", "vm: cpu_usage=1")
	f("vm", v, "vm: cpu_usage=1") // any root but <triggers> is a block
	f("vm", `<x class="vm" tag="a b">`+v+"</x>", "vm/a b: cpu_usage=1")
	f("", `<config class="sr"><variable><name value="physical_utilisation"/></variable></config>`, "sr: physical_utilisation=0.8")
	f("vm", layerText(": a=1 -c | /t: b=2 | vm/u: c=3"), "vm: a=1 -c | vm/t: b=2 | vm/u: c=3")
	f("", layerText("vm: a=1 | host: b=2 | host/t: b=3"), "vm: a=1 | host: b=2 | host/t: b=3")
	f("vm", "<triggers><config>"+v+"<config>"+v[:len(v)-len("</variable>")]+"</variable></config></config></triggers>", "vm: cpu_usage=1",
		`1:105 lax variable "cpu_usage": a second variable of this name: it replaces the one of line 1; fix: remove one of them, or rename it`)
	f("vm", `<triggers xmlns:n="u" n:x="1"><config n:x="1" class="vm">`+v+"</config></triggers>", "vm: cpu_usage=1")
	// Two of one class and tag are one, an explicit class is the implied one.
	f("vm", layerText(": a=1 b=1 | /t: a=7 | vm: c=1 b=2 -a"), "vm: c=1 b=2 -a | vm/t: a=7",
		`4:112 lax variable "b": a second variable of this name: it replaces the one of line 2; fix: remove one of them, or rename it`)

	// What is wrong with one block leaves the others.
	f("vm", layerText(": a! b=2 | /t: a=3"), "vm: b=2 | vm/t: a=3",
		`2:58 error variable "a": alarm_trigger_level "bad": not a number; fix: write <alarm_trigger_level value="0.9"/>`)
	f("", layerText(": a=1 | vm: b=2"), "vm: b=2", `2:1 error <config> does not say its class: nothing in it is in force; fix: write <config class="vm">`)
	f("vm", layerText("host: a=1 | : b=2"), "vm: b=2", `2:1 error class "host" in the document for "vm": nothing in the block is in force; fix: put it where the class belongs`)
	f("", layerText("VM: a=1"), "", `2:1 error class "VM" is not known: nothing in the block is in force; fix: use "vm", "host" or "sr"`)
	f("vm", `<config class="">`+v+"</config>", "", `1:1 error class "" is not known: nothing in the block is in force; fix: use "vm", "host" or "sr"`)
	f("vm", layerText("/: a=1 | : b=2"), "vm: b=2", `2:1 error the tag is empty: nothing in the block is in force; fix: name a tag, or remove the attribute for all of the class`)
	f("vm", `<config tags="a">`+v+"</config>", "", `1:1 error <config> has an unknown attribute "tags": nothing in it is in force; fix: did you mean the attribute "tag"?`)
	f("vm", `<config version="2">`+v+"</config>", "", `1:1 error <config> has an unknown attribute "version": nothing in it is in force; fix: remove it; a block has the attributes class and tag`)
	f("vm", `<config>`+v+`<g><config tag="a">`+v+"</config></g></config>", "",
		`1:90 error a <config> with class or tag inside another: nothing in either is in force; fix: write one after the other, in a <triggers>`)

	// What stands beside the blocks.
	f("vm", "<triggers/>", "", "1:1 lax <triggers> has no <config> in it")
	f("vm", "<triggers><x/><config>"+v+"</config></triggers>", "vm: cpu_usage=1", "1:11 lax <x> is not known here: it has no effect")
	f("vm", "<triggers><confg/></triggers>", "", "1:11 lax <confg> is not known here: it has no effect; fix: did you mean <config>?")
	f("vm", "<triggers>"+v+"</triggers>", "", `1:11 error <variable> does not stand in a <config>; fix: write <config class="vm"> around it`)
	f("vm", "<triggers><g><disable name='a'/></g></triggers>", "", `1:11 error <g> does not stand in a <config>; fix: write <config class="vm"> around it`)
	f("vm", "<triggers><config/></triggers>", "vm: ", "1:11 lax <config> has no <variable> in it")
	f("vm", `<triggers tag="a"><config>`+v+"</config></triggers>", "nil", `1:1 error <triggers> has an attribute "tag": nothing in it is in force; fix: write it in each <config>`)

	f("vm", "<triggers>", "nil", "1:11 error it ends before the <triggers> of line 1 is closed; fix: write </triggers>, or end that tag with />")
	f("dog", "<config/>", "nil", `0:0 error class "dog" is not known; fix: use "vm", "host" or "sr"`)
	f("vm", "<triggers><config>"+strings.Repeat("<variable/>", 600)+"</config><config>"+strings.Repeat("<variable/>", 401)+"</config></triggers>", "nil",
		"1:11036 error 1001 variables; the limit is 1000; fix: let one variable fold several columns with rrd_regex and consolidation_fn")
}

func TestDefaultsLegacy(t *testing.T) {
	d, problems := ParseDefaults(Layer{Text: layerText("sr: a=1 | vm: b=2")}, Options{Legacy: true})
	if blocks(d) != "sr:  | vm: b=2" || len(problems) != 1 || problems[0].Severity != Warning || problems[0].Line != 2 {
		t.Errorf("%s, %v", blocks(d), problems)
	}
	if p := d.block("vm", "").Variables[0]; p.Priority != defaultPriorityLegacy {
		t.Errorf("priority %d", p.Priority)
	}
}

func TestMergeDefaults(t *testing.T) {
	f := func(documents []string, want string) {
		t.Helper()
		var d *Defaults
		for _, text := range documents {
			if text != "<" && text != "" {
				text = layerText(text)
			}
			next, _ := ParseDefaults(Layer{Text: text}, Options{})
			d = MergeDefaults(d, next)
		}
		if got := blocks(d); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", documents, got, want)
		}
	}
	f([]string{"<"}, "nil")
	f([]string{"vm: a=1", "<"}, "vm: a=1")
	f([]string{"vm: a=1", ""}, "")
	f([]string{"vm: a=1 | vm/t: a=2", "vm: a! | vm/t: a=3"}, "vm: a=1 | vm/t: a=3")
	f([]string{"vm: a=1 | vm/t: a=2", "vm: a=3"}, "vm: a=3")
	f([]string{"vm: a=1", "sr: a!"}, "sr: ")
	// A block that does not say what it is for keeps those that are missing.
	f([]string{"vm: a=1 | vm/t: a=2 -b", "vm: a=3 | vm/: a=2 -b"}, "vm: a=3 | vm/t: a=2 -b")
	f([]string{"vm: a=1 | vm/t: a=2", "vm: a=3 | vm/: a=2", "vm: a=4 | vm/: a=2"}, "vm: a=4 | vm/t: a=2")
	f([]string{"vm: a=1 | vm/t: a=2", "vm: a=3 | vm/: a=2", "vm: a=4"}, "vm: a=4")
	f([]string{"vm: a=1 | vm/t: a=2", "vm/: a=3", "<"}, "vm: a=1 | vm/t: a=2")
}

func TestCheckDefaults(t *testing.T) {
	problems := CheckDefaults(Layer{Class: ClassVM, Text: `<triggers>
<config><variable x="1"><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable></config>
<config class="host"/>
</triggers>`}, Options{})
	if len(problems) != 2 || problems[0].Line != 2 || problems[0].Severity != Warning || problems[1].Line != 3 {
		t.Errorf("problems: %v", problems)
	}
	if problems := CheckDefaults(Layer{Text: "<"}, Options{}); len(problems) != 1 || problems[0].Severity != Error {
		t.Errorf("malformed: %v", problems)
	}
}

// TestExampleAsLayer: the installed triggers are a layer for their class.
func TestExampleAsLayer(t *testing.T) {
	text, err := os.ReadFile("../../packaging/triggers/host.xml")
	if err != nil {
		t.Fatal(err)
	}
	layer := Layer{Origin: "triggers/host.xml", Class: ClassHost, Text: string(text)}
	if problems := CheckDefaults(layer, Options{}); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	d, _ := ParseDefaults(layer, Options{})
	own := parse(t, ClassHost, string(text), Options{})
	if got := d.block(ClassHost, "").Variables; len(got) != len(own) || len(d.blocks) != 1 {
		t.Errorf("%d variables, want %d", len(got), len(own))
	}
}
