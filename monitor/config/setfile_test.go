package config

import (
	"maps"
	"strings"
	"testing"
)

func TestSetFile(t *testing.T) {
	const cpu = `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable>`
	f := func(class, text, want string) {
		t.Helper()
		l := Layer{Origin: "triggers/" + class + ".xml", Class: class, Text: text}
		got, err := SetFile(l, "cpu_usage", assignments("level=0.9"), Options{})
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", text, got, err, want)
			return
		}
		l.Text = got
		if d, problems := ParseDefaults(l, Options{}); len(problems) > 0 || names(d.block(class, "")) == "" {
			t.Errorf("%s: %v", got, problems)
		}
		if _, err := UnsetFile(l, "cpu_usage"); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	f("vm", "", "<config>"+cpu+"</config>")
	f("host", "<!-- ours -->\n<config>\n  <!-- none yet -->\n</config>\n", "<!-- ours -->\n<config>\n  <!-- none yet -->\n  "+cpu+"\n</config>\n")
	f("vm", `<config class="vm"><variable><name value="fs_usage"/></variable></config>`, `<config class="vm"><variable><name value="fs_usage"/></variable>`+cpu+`</config>`)

	refuse := func(text, want string) {
		t.Helper()
		l := Layer{Origin: "triggers/vm.xml", Class: "vm", Text: text}
		if got, err := SetFile(l, "cpu_usage", assignments("level=0.9"), Options{}); err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("set in %s: %q, %v", text, got, err)
		}
		if got, err := UnsetFile(l, "cpu_usage"); err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("unset in %s: %q, %v", text, got, err)
		}
	}
	refuse(`<triggers><config class="vm">`+cpu+`</config></triggers>`, "triggers/vm.xml has the root <triggers>")
	refuse(`<config tag="a">`+cpu+`</config>`, `triggers/vm.xml is for the tag "a"`)
	refuse(`<config class="sr">`+cpu+`</config>`, `triggers/vm.xml: class "sr" in the document for "vm"`)
	refuse(`<config tga="a">`+cpu+`</config>`, `unknown attribute "tga"`)
	refuse(`<config>`, "triggers/vm.xml:1:9: error: it ends before")
	if _, err := UnsetFile(Layer{Class: "vm"}, "cpu_usage"); err == nil {
		t.Error("unset in nothing")
	}
}

func TestSettings(t *testing.T) {
	f := func(text, variable string, want map[string]string) {
		t.Helper()
		if got := Settings(ClassVM, text, variable, Options{}); !maps.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s of %s: %v, want %v", variable, text, got, want)
		}
	}
	const fs = `<variable><name value="fs_usage"/><alarm_trigger_level value=" 0.5"/><note/><alarm_labels value="a=1"/></variable>`
	f("<c>"+fs+"</c>", "fs_usage", map[string]string{"level": " 0.5", "labels": "a=1"})
	f("<c>"+fs+strings.Replace(fs, " 0.5", "0.6", 1)+"</c>", "fs_usage", map[string]string{"level": "0.6", "labels": "a=1"})
	f("<c><variable><name value='mem_usage'/></variable></c>", "mem_usage", map[string]string{})
	f("<c>"+fs+"</c>", "cpu_usage", nil)
	f("<c>", "cpu_usage", nil)
	f("", "cpu_usage", nil)
}
