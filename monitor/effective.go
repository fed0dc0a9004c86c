package monitor

import (
	"context"
	"fmt"
	"slices"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// EffectiveConfig is what is in force for an object, its own variables and
// those that it inherits, and where each comes from.
type EffectiveConfig struct {
	Class string   `json:"class"`
	UUID  string   `json:"uuid"`
	Name  string   `json:"name_label"`
	Tags  []string `json:"tags"` // by which it inherits
	// XML is all of it as one document, which means the same as the object's
	// own trigger XML; comments say where each part comes from.
	XML       string              `json:"xml"`
	Variables []EffectiveVariable `json:"variables"` // in the order in which they are judged
	Disabled  []DisabledVariable  `json:"disabled"`
	Problems  []ConfigProblem     `json:"problems"` // of all documents that make it up
}

// EffectiveVariable is a variable in force.
type EffectiveVariable struct {
	Variable string  `json:"variable"`
	XML      string  `json:"xml"` // its <variable>
	From     Place   `json:"from"`
	Hides    []Place `json:"hides"` // of that name and not in force, the next in precedence first
	// AskedBy is the uuid of the SR that asks it of this host, From a place in
	// the configuration of that SR; "" for most.
	AskedBy string `json:"asked_by,omitempty"`
	// EachHost says that the hosts judge it which have this SR attached.
	EachHost bool `json:"each_host,omitempty"`
}

// DisabledVariable is a name that a <disable> switches off.
type DisabledVariable struct {
	Variable string  `json:"variable"`
	By       Place   `json:"by"`
	Hides    []Place `json:"hides"` // what it switches off
}

// Place is where something stands; see config.Source.
type Place struct {
	Origin string `json:"origin"`
	Tag    string `json:"tag,omitempty"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Kept   bool   `json:"kept,omitempty"`
}

// String is the place in words.
func (p Place) String() string { return config.Source(p).String() }

func places(sources []config.Source) []Place {
	list := make([]Place, len(sources))
	for i, s := range sources {
		list[i] = Place(s)
	}
	return list
}

// ConfigProblem is something that is wrong with one of the documents.
type ConfigProblem struct {
	Origin   string `json:"origin"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Variable string `json:"variable,omitempty"`
	Refused  bool   `json:"refused"` // it is not in force
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// Effective is the configuration in force of an object. It waits for the
// loop; the error is that of ctx, ErrEnded, or a *NotFoundError.
func (m *Monitor) Effective(ctx context.Context, key Object) (*EffectiveConfig, error) {
	var e *EffectiveConfig
	var missing error
	err := m.onLoop(ctx, func() { e, missing = m.effective(key) })
	if err != nil {
		return nil, err
	}
	if missing != nil {
		return nil, missing
	}
	e.XML = e.document()
	return e, nil
}

func (m *Monitor) effective(key Object) (*EffectiveConfig, error) {
	o := m.objects[key]
	if o == nil {
		return nil, notWatched(key)
	}
	e := &EffectiveConfig{
		Class: o.Class, UUID: o.UUID, Name: o.label(), Tags: append([]string{}, o.tags...),
		Variables: []EffectiveVariable{}, Disabled: []DisabledVariable{}, Problems: m.problemsOf(o),
	}
	for _, v := range o.vars {
		place := m.placeOf(o, v.conf)
		place.Variable, place.XML = v.conf.Name, v.conf.XML()
		e.Variables = append(e.Variables, place)
	}
	for i, c := range o.effective.Variables {
		if c.PerHost {
			p := o.provenance[i]
			e.Variables = append(e.Variables, EffectiveVariable{
				Variable: c.Name, XML: c.XML(), From: Place(p.From), Hides: places(p.Hides), EachHost: true,
			})
		}
	}
	for _, p := range o.provenance[len(o.effective.Variables):] {
		e.Disabled = append(e.Disabled, DisabledVariable{p.Variable, Place(p.From), places(p.Hides)})
	}
	return e, nil
}

// placeOf says where a variable in force of an object comes from.
func (m *Monitor) placeOf(o *object, c *config.Variable) EffectiveVariable {
	if i := slices.Index(o.effective.Variables, c); i >= 0 {
		return EffectiveVariable{From: Place(o.provenance[i].From), Hides: places(o.provenance[i].Hides)}
	}
	for _, sr := range m.objects {
		if sr.Class != rrd.ClassSR {
			continue
		}
		if i := slices.Index(sr.secondary, c); i >= 0 {
			asked := sr.secondaryFrom(i)
			return EffectiveVariable{From: Place(asked.From), Hides: places(asked.Hides), AskedBy: sr.UUID}
		}
	}
	return EffectiveVariable{Hides: []Place{}}
}

// secondaryFrom is where an SR has the i-th of its secondary variables from.
func (o *object) secondaryFrom(i int) config.Provenance {
	for n, c := range o.effective.Variables {
		if !c.PerHost {
			continue
		}
		if asked, err := config.PerHostVariable(o.UUID, c); err == nil && asked.Name == o.secondary[i].Name {
			return o.provenance[n]
		}
	}
	return config.Provenance{}
}

// fromInWords is where a variable comes from, in words.
func (m *Monitor) fromInWords(o *object, v *variable) string {
	switch place := m.placeOf(o, v.conf); {
	case place.AskedBy != "":
		return fmt.Sprintf("%v of sr %s", place.From, place.AskedBy)
	case place.From.Origin == "":
		return ""
	default:
		return place.From.String()
	}
}

// problemsOf lists what is wrong with the documents that an object's
// configuration is made of.
func (m *Monitor) problemsOf(o *object) []ConfigProblem {
	list := []ConfigProblem{}
	add := func(origin string, problems []config.Problem) {
		for _, p := range problems {
			list = append(list, ConfigProblem{
				Origin: origin, Line: p.Line, Column: p.Column, Variable: p.Variable,
				Refused: p.Severity == config.Error, Message: p.Msg, Fix: p.Fix,
			})
		}
	}
	add(config.OwnOrigin, o.problems)
	if m.layers.pool == nil {
		return list
	}
	if l := m.layers.files[o.Class]; l != nil {
		add(l.Origin, l.problems)
	}
	add(m.layers.pool.Origin, m.layers.pool.problems)
	return list
}

func notWatched(key Object) error {
	return &NotFoundError{What: fmt.Sprintf("%s %s is not watched by this host", key.Class, key.UUID)}
}
