package monitor

import (
	"strings"

	"perfmon/monitor/config"
)

// layerClass is the class under which the last good texts of layers are kept,
// beside those of objects.
const layerClass = "layer"

// layer is one document that objects inherit, as it is in force.
type layer struct {
	config.Layer // its text may be refused, in whole or in part
	key          Object
	parsed       bool // Text has been parsed
	defaults     *config.Defaults
	problems     []config.Problem
}

// layers are the documents that objects inherit: first the trigger file of
// their class, then the pool's defaults. Each is parsed once for each text.
type layers struct {
	files map[string]*layer // by class
	pool  *layer
}

// setLayers puts the documents of an inventory in force. A file that it does
// not know stays as it is, or as an earlier run left it.
func (m *Monitor) setLayers(inv *Inventory) {
	if m.opts.Legacy {
		return
	}
	if m.layers.files == nil {
		m.layers.files = map[string]*layer{}
		for _, class := range []string{config.ClassVM, config.ClassHost, config.ClassSR} {
			m.layers.files[class] = m.newLayer("triggers/"+class+".xml", class, class+".xml")
		}
		m.layers.pool = m.newLayer("pool:other-config:perfmon-defaults", "", "pool")
	}
	for class, l := range m.layers.files {
		if text, known := inv.Files[class]; known {
			m.setLayer(l, text)
		}
	}
	m.setLayer(m.layers.pool, inv.PoolDefaults)
}

// newLayer is a layer with what an earlier run left in force. Its problems
// were told then.
func (m *Monitor) newLayer(origin, class, name string) *layer {
	l := &layer{Layer: config.Layer{Origin: origin, Class: class}, key: Object{layerClass, name}}
	if text := m.savedConfigs[l.key]; text != "" {
		last := l.Layer
		last.Text = text
		l.defaults, _ = config.ParseDefaults(last, config.Options{})
	}
	return l
}

// setLayer parses a layer's text if it is new.
func (m *Monitor) setLayer(l *layer, text string) {
	if strings.TrimSpace(text) == "" {
		text = ""
	}
	if l.parsed && l.Text == text {
		return
	}
	l.parsed, l.Text = true, text
	next, problems := config.ParseDefaults(l.Layer, config.Options{})
	l.problems = problems
	l.defaults = config.MergeDefaults(l.defaults, next)
	m.keepGood(l.key, text, problems)
	where := []any{"from", l.Origin}
	if l.Class != "" {
		where = append(where, "class", l.Class)
	}
	m.reportProblems(problems, where...)
}

// inherited are the layers that objects of a class inherit, nil for none.
func (m *Monitor) inherited(class string) (file, pool *config.Defaults) {
	if m.layers.pool == nil {
		return nil, nil
	}
	if l := m.layers.files[class]; l != nil {
		file = l.defaults
	}
	return file, m.layers.pool.defaults
}

// layerErrors adds the errors in layers to those of objects. The host's own
// file counts as the host's; the others are of a class, of no object.
func (m *Monitor) layerErrors(count map[Object]int) {
	if m.layers.pool == nil {
		return
	}
	add := func(o Object, l *layer) {
		if n := errorsAmong(l.problems); n > 0 {
			count[o] += n
		}
	}
	for class, l := range m.layers.files {
		if class == config.ClassHost {
			add(Object{class, m.hostUUID}, l)
		} else {
			add(Object{Class: class}, l)
		}
	}
	add(Object{Class: "pool", UUID: m.inv.PoolUUID}, m.layers.pool)
}
