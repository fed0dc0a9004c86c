package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// setInventory puts an inventory in force: it learns new objects, and
// re-reads the trigger XML of those whose text changed. Those that it does
// not name keep theirs while they are remembered.
func (m *Monitor) setInventory(inv *Inventory) {
	m.inv = inv
	if inv.HostUUID != m.givenHost {
		m.givenHost = inv.HostUUID
		m.adoptHost(inv.HostUUID)
	}
	for key, facts := range inv.Objects {
		if facts.Resident {
			m.object(key)
		}
	}
	for key, o := range m.objects {
		o.facts = inv.Objects[key]
		switch {
		case o.facts != nil:
			m.configure(o)
		case !o.timed:
			m.drop(o) // no rows have come in its time
		default:
			m.leave(o)
		}
	}
	m.configurePerHost()
	m.orphans()
	m.plan = nil
}

// adoptHost notes which host this is, by an inventory or by a legend. Each is
// heard when it changes, so that two that differ do not take turns.
func (m *Monitor) adoptHost(uuid string) {
	if m.hostUUID == uuid || uuid == "" {
		return
	}
	if m.hostUUID != "" {
		m.log.Warn("this host's uuid changed: adopted", "uuid", uuid, "old", m.hostUUID)
	}
	m.hostUUID = uuid
}

// object returns the state of an object, a new one if it has none yet.
func (m *Monitor) object(key Object) *object {
	o := m.objects[key]
	if o == nil {
		o = &object{Object: key, facts: m.inv.Objects[key]}
		m.objects[key] = o
		m.configure(o)
	}
	return o
}

// configure parses an object's trigger XML if its text is new.
func (m *Monitor) configure(o *object) {
	text := ""
	if o.facts != nil {
		text = o.facts.Config
	}
	if o.parsed && text == o.text {
		return
	}
	o.parsed, o.text = true, text
	next := &config.Config{}
	o.problems = nil
	if strings.TrimSpace(text) != "" && !(m.opts.Legacy && o.Class == rrd.ClassSR) {
		next, o.problems = config.Parse(o.Class, text, config.Options{Legacy: m.opts.Legacy})
	}
	if o.cfg == nil {
		o.cfg = m.lastGood(o.Object)
	}
	if o.cfg = config.Merge(o.cfg, next); o.cfg == nil {
		o.cfg = &config.Config{} // the first text cannot be read at all
	}
	m.keepGood(o)
	o.secondary = secondaries(o)
	m.reportProblems(o)
	m.assemble(o)
	m.plan = nil
}

// lastGood is the configuration that an earlier run left in force for an
// object, nil for none. Its problems were told then.
func (m *Monitor) lastGood(key Object) *config.Config {
	text := m.savedConfigs[key]
	if text == "" {
		return nil
	}
	c, _ := config.Parse(key.Class, text, config.Options{Legacy: m.opts.Legacy})
	return c
}

// keepGood leaves an object's text to be kept if all of it is in force, so
// that a later run knows what to go back to when the text is spoiled.
func (m *Monitor) keepGood(o *object) {
	for _, p := range o.problems {
		if p.Severity == config.Error {
			return
		}
	}
	if m.savedConfigs[o.Object] == o.text {
		return
	}
	if m.savedConfigs == nil {
		m.savedConfigs = map[Object]string{}
	}
	m.savedConfigs[o.Object] = o.text
	m.changes.Configs[o.Object] = o.text
}

// assemble makes the list of variables in force of an object's own
// configuration and of what SRs ask of the host. The object's own come
// first, and win.
func (m *Monitor) assemble(o *object) {
	var list []*config.Variable
	own := make(map[string]bool)
	for _, c := range o.cfg.Variables {
		if c.PerHost {
			continue // evaluated as a variable of each host
		}
		own[c.Name] = true
		list = append(list, c)
	}
	for _, c := range o.perHost {
		if !own[c.Name] {
			own[c.Name] = true // two SRs can share eight digits
			list = append(list, c)
		}
	}
	m.apply(o, list)
	if o.Class == rrd.ClassVM && o.facts != nil && !o.facts.ControlDomain {
		for _, v := range o.vars {
			if v.conf.Fold.Reading() && v.conf.Fold != config.SRUsage {
				m.log.Warn("this variable reads the control domain, not the VM that it is set on",
					"class", o.Class, "uuid", o.UUID, "variable", v.conf.Name)
			}
		}
	}
}

// configurePerHost gives the host the variables that its SRs ask of every
// host that has them attached.
func (m *Monitor) configurePerHost() {
	host := m.objects[Object{rrd.ClassHost, m.hostUUID}]
	if host == nil {
		return
	}
	var list []*config.Variable
	for _, o := range alarmOrder(nil, m.objects) {
		if o.Class == rrd.ClassSR && o.facts != nil && o.facts.Resident {
			list = append(list, o.secondary...)
		}
	}
	if len(list) > 0 || len(host.perHost) > 0 {
		host.perHost = list
		m.assemble(host)
	}
}

// secondaries makes the host's variables that an SR's configuration asks for.
func secondaries(o *object) []*config.Variable {
	var list []*config.Variable
	for _, c := range o.cfg.Variables {
		if !c.PerHost {
			continue
		}
		secondary, err := config.PerHostVariable(o.UUID, c)
		if err != nil {
			o.problems = append(o.problems, config.Problem{
				Line: c.Line, Column: c.Column, Variable: c.Name, Severity: config.Error, Msg: err.Error(),
			})
			continue
		}
		list = append(list, secondary)
	}
	return list
}

// reportProblems logs what is wrong with an object's configuration. It is
// called once for each new text.
func (m *Monitor) reportProblems(o *object) {
	name := ""
	if o.facts != nil {
		name = o.facts.Name
	}
	for _, p := range o.problems {
		level := slog.LevelWarn
		if p.Severity == config.Error {
			level = slog.LevelError
		}
		m.log.Log(context.Background(), level, "trigger configuration: "+p.Msg, "class", o.Class, "uuid", o.UUID, "name", name,
			"variable", p.Variable, "at", fmt.Sprintf("%d:%d", p.Line, p.Column), "fix", p.Fix)
	}
}

// configErrors counts the configuration errors by object.
func (m *Monitor) configErrors() map[Object]int {
	count := make(map[Object]int)
	for key, o := range m.objects {
		if !o.here() {
			continue
		}
		for _, p := range o.problems {
			if p.Severity == config.Error {
				count[key]++
			}
		}
		for _, v := range o.vars {
			if v.matchErr != nil {
				count[key]++
			}
		}
	}
	return count
}
