package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// setInventory puts an inventory in force: it learns new objects, and
// re-reads the trigger XML of those whose text changed, or what they inherit.
// Those that it does not name keep theirs while they are remembered.
func (m *Monitor) setInventory(inv *Inventory) {
	m.inv, m.invBefore = inv, m.inv
	m.combined = map[ingredients]inForce{}
	defer func() { m.combined = nil }()
	m.setLayers(inv)
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
		case o.facts != nil && !o.here() && m.takenOver(key, o.facts):
			m.handOver(o)
		case o.facts != nil:
			m.configure(o)
			m.takeOver(o)
		case !o.timed:
			m.drop(o) // no rows have come in its time
		default:
			m.leave(o)
		}
	}
	for _, o := range m.objects {
		m.noticeMaintenance(o)
	}
	m.configurePerHost()
	m.orphans()
	m.outdate()
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
		m.noticeMaintenance(o)
		m.configure(o)
		m.takeOver(o)
	}
	return o
}

// configure puts an object's configuration in force if its own text, its tags
// or what it inherits is new.
func (m *Monitor) configure(o *object) {
	own, inherited := m.parseOwn(o), m.inherit(o)
	if !own && !inherited {
		return
	}
	said := o.joint
	m.combine(o)
	o.problems = slices.Concat(o.said, o.joint)
	unsaid := o.problems
	if !own { // what was said of the text still holds
		unsaid = slices.DeleteFunc(slices.Clone(o.joint), func(p config.Problem) bool { return slices.Contains(said, p) })
	}
	m.reportProblems(unsaid, "class", o.Class, "uuid", o.UUID, "name", o.label())
	m.assemble(o)
	m.outdate()
}

// lastGood is the configuration that an earlier run left in force for an
// object, nil for none. Its problems were told then.
func (m *Monitor) lastGood(key Object) *config.Config {
	text := m.savedConfigs[key]
	if text == "" {
		return nil
	}
	c, _ := config.Parse(key.Class, text, m.parseOptions())
	return c
}

// keepGood leaves the text of an object or layer to be kept if all of it is in
// force, so that a later run knows what to go back to when it is spoiled.
func (m *Monitor) keepGood(key Object, text string, problems []config.Problem) {
	if errorsAmong(problems) > 0 || m.savedConfigs[key] == text {
		return
	}
	if m.savedConfigs == nil {
		m.savedConfigs = map[Object]string{}
	}
	m.savedConfigs[key] = text
	m.changes.Configs[key] = text
}

// assemble makes the list of variables in force of an object's configuration
// and of what SRs ask of the host. Those of the configuration come first, and
// win; what it switches off is not asked for.
func (m *Monitor) assemble(o *object) {
	var list []*config.Variable
	own := make(map[string]bool)
	for _, c := range o.effective.Variables {
		if c.PerHost {
			continue // evaluated as a variable of each host
		}
		own[c.Name] = true
		list = append(list, c)
	}
	for _, c := range o.perHost {
		if !own[c.Name] && !o.effective.Disables(c.Name) {
			own[c.Name] = true // two SRs can share eight digits
			list = append(list, c)
		}
	}
	m.apply(o, list)
	o.markInherited()
	if o.Class == rrd.ClassVM && o.facts != nil && !o.facts.ControlDomain {
		for _, v := range o.vars {
			if readsControlDomain(v.conf) {
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

// reportProblems logs what is wrong with a configuration, which where names.
// It is called once for each new text.
func (m *Monitor) reportProblems(problems []config.Problem, where ...any) {
	for _, p := range problems {
		level := slog.LevelWarn
		if p.Severity == config.Error {
			level = slog.LevelError
		}
		args := append(slices.Clone(where), "variable", p.Variable, "at", fmt.Sprintf("%d:%d", p.Line, p.Column), "fix", p.Fix)
		m.log.Log(context.Background(), level, "trigger configuration: "+p.Msg, args...)
	}
}

// errorsAmong counts what is refused.
func errorsAmong(problems []config.Problem) int {
	n := 0
	for _, p := range problems {
		if p.Severity == config.Error {
			n++
		}
	}
	return n
}

// configErrors counts the configuration errors by object, and those of what
// objects inherit.
func (m *Monitor) configErrors() map[Object]int {
	count := make(map[Object]int)
	for key, o := range m.objects {
		if !o.here() {
			continue
		}
		if n := errorsAmong(o.problems); n > 0 {
			count[key] += n
		}
		for _, v := range o.vars {
			if v.matched.err != nil {
				count[key]++
			}
		}
	}
	m.layerErrors(count)
	return count
}
