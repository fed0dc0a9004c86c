package monitor

import (
	"slices"
	"strings"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// configuration is what an object is told to watch, and by whom.
type configuration struct {
	parsed bool   // text has been parsed
	text   string // its own trigger XML, in force or refused
	own    *config.Config
	said   []config.Problem // of text alone

	// What it inherited when the rest was made.
	tags       []string
	dom0       bool
	file, pool *config.Defaults

	effective  *config.Config // own and inherited; not what SRs ask of a host
	provenance []config.Provenance
	joint      []config.Problem   // that only all of it together shows
	problems   []config.Problem   // of text, and joint
	secondary  []*config.Variable // SR only: variables that it asks of hosts
}

// parseOwn parses an object's own trigger XML if its text is new.
func (m *Monitor) parseOwn(o *object) (changed bool) {
	text := ""
	if o.facts != nil {
		text = o.facts.Config
	}
	if o.parsed && text == o.text {
		return false
	}
	m.reportLost(o, text)
	o.parsed, o.text = true, text
	next := &config.Config{}
	o.said = nil
	if strings.TrimSpace(text) != "" && !(m.opts.Legacy && o.Class == rrd.ClassSR) {
		next, o.said = m.documents.Parse(o.Class, text, m.parseOptions())
	}
	if o.own == nil {
		o.own = m.lastGood(o.Object)
	}
	if o.own = config.Merge(o.own, next); o.own == nil {
		o.own = &config.Config{} // the first text cannot be read at all
	}
	m.keepGood(o.Object, text, o.said)
	return true
}

// parseOptions are those of the XML of objects.
func (m *Monitor) parseOptions() config.Options {
	return config.Options{Legacy: m.opts.Legacy, Patterns: &m.patterns}
}

// inherit notes what an object inherits now. One that no inventory names
// inherits nothing.
func (m *Monitor) inherit(o *object) (changed bool) {
	var tags []string
	var file, pool *config.Defaults
	dom0 := false
	if o.facts != nil {
		tags, dom0 = o.facts.Tags, o.facts.ControlDomain
		file, pool = m.inherited(o.Class)
	}
	if o.effective != nil && o.file == file && o.pool == pool && o.dom0 == dom0 && slices.Equal(o.tags, tags) {
		return false
	}
	o.tags, o.dom0, o.file, o.pool = tags, dom0, file, pool
	return true
}

// ingredients are what determines what is in force for an object, but for what
// SRs ask of a host.
type ingredients struct {
	class, tags string
	dom0        bool
	own         *config.Config
	file, pool  *config.Defaults
}

// inForce is what comes of them.
type inForce struct {
	effective  *config.Config
	provenance []config.Provenance
	joint      []config.Problem
}

// combine makes what is in force for an object of its own configuration and
// of what it inherits. While an inventory is put in force, objects of which all
// of that is the same share it.
func (m *Monitor) combine(o *object) {
	of := ingredients{o.Class, strings.Join(o.tags, "\x00"), o.dom0, o.own, o.file, o.pool}
	made, known := m.combined[of]
	if !known {
		made.effective, made.provenance, made.joint = config.Effective(o.Class, o.tags, o.own, o.file, o.pool)
		if o.Class == rrd.ClassVM && !o.dom0 {
			made.withoutReadings()
		}
		if m.combined != nil {
			m.combined[of] = made
		}
	}
	o.effective, o.provenance, o.joint = made.effective, made.provenance, slices.Clip(made.joint)
	o.secondary = nil
	for _, c := range o.effective.Variables {
		if !c.PerHost {
			continue
		}
		secondary, err := config.PerHostVariable(o.UUID, c)
		if err != nil {
			o.joint = append(o.joint, config.Problem{
				Line: c.Line, Column: c.Column, Variable: c.Name, Severity: config.Error, Msg: err.Error(),
			})
			continue
		}
		o.secondary = append(o.secondary, secondary)
	}
}

// withoutReadings leaves out what a VM inherits that reads the control
// domain: all VMs would raise the one alarm of a full disk there.
func (f *inForce) withoutReadings() {
	in := len(f.effective.Variables)
	drop := func(i int) bool {
		return i < in && readsControlDomain(f.effective.Variables[i]) && f.provenance[i].From.Origin != config.OwnOrigin
	}
	var provenance []config.Provenance
	var variables []*config.Variable
	for i, p := range f.provenance {
		if drop(i) {
			continue
		}
		provenance = append(provenance, p)
		if i < in {
			variables = append(variables, f.effective.Variables[i])
		}
	}
	if len(variables) < in {
		kept := *f.effective
		kept.Variables = variables
		f.effective, f.provenance = &kept, provenance
	}
}

// readsControlDomain says whether a variable's value is read of dom0,
// whatever it is set on.
func readsControlDomain(c *config.Variable) bool {
	return c.Fold.Reading() && c.Fold != config.SRUsage
}

// markInherited tells the variables that many objects share from those that
// are meant for this one, as all are of the one host.
func (o *object) markInherited() {
	for i, c := range o.effective.Variables {
		if v := o.byName[c.Name]; v != nil && v.conf == c {
			v.inherited = o.Class != rrd.ClassHost && o.provenance[i].From.Origin != config.OwnOrigin
		}
	}
}
