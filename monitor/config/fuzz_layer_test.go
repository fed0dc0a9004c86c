package config

import "testing"

// FuzzEffective: whatever the texts, nothing panics, each variable in force
// is one that the agent can use, has one name and one origin, and is not
// switched off; an unreadable layer changes nothing.
func FuzzEffective(f *testing.F) {
	f.Add(byte(0), shorthand("a=1 -b"), layerText(": b=2 | /t: a=3 | /u: c! -d"), layerText("vm: e=1 -a | sr: a=3"))
	f.Add(byte(1), "", "<config tag='t' class='host'><variable/></config>", "<config class='host'><disable/></config>")
	f.Add(byte(2), variable("name=sr_io_throughput_total_per_host", "alarm_trigger_level=1"), "<triggers><x/></triggers>", "<triggers><config tags='t'/></triggers>")
	f.Add(byte(5), "<", "<triggers><config tag=''/><config><config tag='t'/></config></triggers>", "<triggers class='vm'/>")
	f.Fuzz(func(t *testing.T, mode byte, ownText, fileText, poolText string) {
		class := []string{ClassVM, ClassHost, ClassSR}[mode%3]
		opts := Options{Legacy: mode&4 != 0}
		own, _ := Parse(class, ownText, opts)
		file, problems := ParseDefaults(Layer{Origin: "file", Class: class, Text: fileText}, opts)
		checkLayer(t, file, problems)
		pool, problems := ParseDefaults(Layer{Origin: "pool", Text: poolText}, opts)
		checkLayer(t, pool, problems)

		c, provenance, _ := Effective(class, []string{"u", "t"}, own, MergeDefaults(file, file), MergeDefaults(pool, nil))
		if len(provenance) != len(c.Variables)+len(c.Disabled) {
			t.Errorf("%d provenances of %d variables, %d switched off", len(provenance), len(c.Variables), len(c.Disabled))
		}
		seen := make(map[string]bool)
		for i, p := range provenance {
			if seen[p.Variable] || p.From.Line < 1 || p.From.Column < 1 || p.From.Origin == "" || p.From.Kept {
				t.Errorf("provenance %+v", p)
			}
			seen[p.Variable] = true
			if i >= len(c.Variables) {
				if !p.Disabled || !c.Disables(p.Variable) {
					t.Errorf("provenance %+v is in force", p)
				}
				continue
			}
			if p.Disabled || p.Variable != c.Variables[i].Name {
				t.Errorf("provenance %+v of %q", p, c.Variables[i].Name)
			}
			checkVariable(t, c.Variables[i])
		}
	})
}

func checkLayer(t *testing.T, d *Defaults, problems []Problem) {
	if d == nil && (len(problems) != 1 || problems[0].Severity != Error) {
		t.Errorf("refused with %v", problems)
	}
	for _, p := range problems {
		if p.Msg == "" || p.Severity < Error || p.Severity > Warning || (p.Line > 0) != (p.Column > 0) {
			t.Errorf("problem %+v", p)
		}
	}
}
