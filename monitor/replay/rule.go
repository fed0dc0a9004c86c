package replay

import (
	"slices"
	"strings"

	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Rule is trigger XML that is to be tried on recorded rows.
type Rule struct {
	Class string
	Tags  []string // of the objects, if the XML is one that objects inherit

	text      string
	variables []*config.Variable
}

// NewRule reads trigger XML of a class: that of an object, or a trigger file
// with its blocks for tags. Problems are all that is wrong with it, what the
// agent accepts included; with an Error among them there is no Rule.
func NewRule(class, text string, tags []string, o config.Options) (*Rule, []config.Problem) {
	d, problems := config.ParseDefaults(config.Layer{Origin: "triggers/" + class + ".xml", Class: class, Text: text}, o)
	if slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Severity == config.Error }) {
		return nil, problems
	}
	c, _, _ := config.Effective(class, tags, nil, d, nil)
	return &Rule{Class: class, Tags: tags, text: text, variables: c.Variables}, problems
}

// Wants says whether a data source of an object can matter to the rule.
func (r *Rule) Wants(o monitor.Object, name string) bool {
	if o.Class == rrd.ClassHost && r.Class == rrd.ClassSR {
		// What an SR asks of each host, under a name that has its uuid.
		return strings.HasPrefix(name, "io_throughput_total_") && r.asksHosts()
	}
	if o.Class != r.Class {
		return false
	}
	return slices.ContainsFunc(r.variables, func(v *config.Variable) bool {
		if v.Fold == config.SRUsage {
			return name == "physical_utilisation" || name == "size"
		}
		if v.Pattern == nil {
			return false
		}
		ok, err := v.Pattern.Match(name)
		return ok && err == nil
	})
}

func (r *Rule) asksHosts() bool {
	return slices.ContainsFunc(r.variables, func(v *config.Variable) bool { return v.PerHost })
}

// Unrecorded lists the variables whose values no row ever has.
func (r *Rule) Unrecorded() []string {
	var names []string
	for _, v := range r.variables {
		if v.Fold.Reading() && v.Fold != config.SRUsage {
			names = append(names, v.Name)
		}
	}
	return names
}

// Variables is how many the rule has.
func (r *Rule) Variables() int { return len(r.variables) }
