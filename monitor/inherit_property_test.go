package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"perfmon/monitor/config"
)

// document is one text as the property follows it: what it has been, merged,
// and the last one that was good as a whole.
type document[T any] struct {
	inForce  *T
	lastGood string
	parse    func(text string) (*T, []config.Problem)
	merge    func(prev, next *T) *T
}

func (d *document[T]) set(text string) {
	next, problems := d.parse(text)
	d.inForce = d.merge(d.inForce, next)
	if errorsAmong(problems) == 0 {
		d.lastGood = text
	}
}

// restart is what a new run knows, and then reads.
func (d *document[T]) restart(text string) {
	d.inForce = nil
	if d.lastGood != "" {
		d.inForce, _ = d.parse(d.lastGood)
	}
	d.set(text)
}

func ownDocument(class string) *document[config.Config] {
	return &document[config.Config]{
		parse: func(text string) (*config.Config, []config.Problem) {
			if text == "" {
				return &config.Config{}, nil
			}
			return config.Parse(class, text, config.Options{})
		},
		merge: config.Merge,
	}
}

func layerDocument(origin, class string) *document[config.Defaults] {
	return &document[config.Defaults]{
		parse: func(text string) (*config.Defaults, []config.Problem) {
			return config.ParseDefaults(config.Layer{Origin: origin, Class: class, Text: text}, config.Options{})
		},
		merge: config.MergeDefaults,
	}
}

// TestEffectiveIsThatOfItsLayers: whatever happens to texts, tags and the
// agent, what is in force for an object is what config makes of its layers.
func TestEffectiveIsThatOfItsLayers(t *testing.T) {
	names := []string{"cpu_usage", "network_usage", "x"}
	variables := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 3).Draw(t, "variables") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				fmt.Fprintf(&b, `<disable name=%q/>`, name)
			case 1:
				fmt.Fprintf(&b, `<variable><name value=%q/><alarm_trigger_level value="many"/></variable>`, name)
			default:
				fmt.Fprintf(&b, `<variable><name value=%q/><rrd_regex value="cpu0"/><alarm_trigger_level value="0.%d"/></variable>`,
					name, rapid.IntRange(1, 9).Draw(t, "level"))
			}
		}
		return b.String()
	})
	texts := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 7).Draw(t, "text") {
		case 0:
			return ""
		case 1:
			return "<triggers"
		case 2:
			return "<config>" + variables.Draw(t, "of the class") + "</config>"
		}
		var b strings.Builder
		b.WriteString("<triggers>")
		for range rapid.IntRange(1, 3).Draw(t, "blocks") {
			head := rapid.SampledFrom([]string{`class="vm"`, `class="vm"`, `class="vm" tag="db"`, `class="vm" tag="web"`, `class="vm" tga="db"`, `class="host"`}).Draw(t, "head")
			fmt.Fprintf(&b, "<config %s>%s</config>", head, variables.Draw(t, "block"))
		}
		return b.String() + "</triggers>"
	})
	rapid.Check(t, func(rt *rapid.T) {
		w := twoVMs(t, Options{})
		w.m.keep()
		own := map[string]*document[config.Config]{"a": ownDocument("vm"), "b": ownDocument("vm")}
		for _, d := range own {
			d.set("")
		}
		file, pool := layerDocument("triggers/vm.xml", "vm"), layerDocument("pool:other-config:perfmon-defaults", "")
		file.set("")
		pool.set("")
		vm := func(uuid string) *Facts { return w.inv.Objects[Object{"vm", uuid}] }
		rt.Repeat(map[string]func(*rapid.T){
			"own": func(rt *rapid.T) {
				uuid := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "vm")
				text := rapid.SampledFrom([]string{"", "<config", "<config>" + variables.Draw(rt, "own") + "</config>"}).Draw(rt, "text")
				if text != vm(uuid).Config {
					own[uuid].set(text)
				}
				w.change(func(inv *Inventory) { inv.Objects[Object{"vm", uuid}].Config = text })
			},
			"file": func(rt *rapid.T) {
				text := texts.Draw(rt, "text")
				if text != w.inv.Files["vm"] {
					file.set(text)
				}
				w.file("vm", text)
			},
			"pool": func(rt *rapid.T) {
				text := texts.Draw(rt, "text")
				if text != w.inv.PoolDefaults {
					pool.set(text)
				}
				w.poolDefaults(text)
			},
			"tags": func(rt *rapid.T) {
				tags := rapid.SampledFrom([][]string{nil, {"db"}, {"web"}, {"db", "web"}, {"other"}}).Draw(rt, "tags")
				w.tag("vm", rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "vm"), tags...)
			},
			"nothing": func(*rapid.T) { w.change(func(*Inventory) {}) },
			"restart": func(*rapid.T) {
				w.saved.Configs = maps.Clone(w.saved.Configs) // what the run that ended does not write any more
				w.restart()
				w.m.keep()
				for uuid, d := range own {
					d.restart(vm(uuid).Config)
				}
				file.restart(w.inv.Files["vm"])
				pool.restart(w.inv.PoolDefaults)
			},
			"": func(rt *rapid.T) {
				for uuid, d := range own {
					want, wantFrom, wantProblems := config.Effective("vm", vm(uuid).Tags, d.inForce, file.inForce, pool.inForce)
					o := w.m.objects[Object{"vm", uuid}]
					if diff := cmp.Diff(wantFrom, o.provenance); diff != "" {
						rt.Fatalf("%s: provenance: %s", uuid, diff)
					}
					if got, want := bodies(o.effective.Variables), bodies(want.Variables); !slices.Equal(got, want) {
						rt.Fatalf("%s: effective %q, want %q", uuid, got, want)
					}
					var inForce []*config.Variable
					for _, v := range o.vars {
						inForce = append(inForce, v.conf)
					}
					if got, want := bodies(inForce), bodies(want.Variables); !slices.Equal(got, want) {
						rt.Fatalf("%s: in force %q, want %q", uuid, got, want)
					}
					if diff := cmp.Diff(wantProblems, o.joint); diff != "" {
						rt.Fatalf("%s: problems: %s", uuid, diff)
					}
				}
			},
		})
	})
}

// bodies tells variables apart by all that they say.
func bodies(variables []*config.Variable) []string {
	var list []string
	for _, v := range variables {
		list = append(list, v.Body(1))
	}
	return list
}
