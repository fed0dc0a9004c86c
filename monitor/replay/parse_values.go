package replay

import (
	"errors"
	"math"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// series reads lines such as "cpu0: 0.2x5 0.95x10 _x3".
func (p *caseParser) series(d directive) error {
	return p.valueLines(d, func(key string, at Pos, values []float64) error {
		o, name, err := p.member(key)
		if err != nil {
			return at.errorf("%v", err)
		}
		if slices.ContainsFunc(p.c.series, func(s series) bool { return s.object == o && s.name == name }) {
			return at.errorf("a second series %q", key)
		}
		p.c.series = append(p.c.series, series{o, name, values})
		return nil
	})
}

// readingFolds are the readings that a test can give, by name.
var readingFolds = map[string]config.Fold{
	"fs_usage": config.FSUsage, "log_fs_usage": config.LogFSUsage, "mem_usage": config.MemUsage, "mem_available": config.MemAvailable,
}

// readings reads values that no row has: of the control domain, or how full
// an SR's record says it is ("physical_utilisation", "sr/NAME/physical_utilisation").
func (p *caseParser) readings(d directive) error {
	return p.valueLines(d, func(key string, at Pos, values []float64) error {
		if f, ok := readingFolds[key]; ok {
			p.c.readings[f] = values
			return nil
		}
		o, name, err := p.member(key)
		if err != nil || name != "physical_utilisation" || o.Class != rrd.ClassSR {
			return at.errorf("reading %q: want fs_usage, log_fs_usage, mem_usage, mem_available, or physical_utilisation of an sr", key)
		}
		p.c.usage[o] = values
		return nil
	})
}

func (p *caseParser) valueLines(d directive, take func(key string, at Pos, values []float64) error) error {
	if d.value != "" {
		return d.at.errorf("%q: write the values below, one line for each data source, further right", clip(d.value))
	}
	for _, l := range d.block {
		key, text, ok := cutColon(l.text)
		if !ok || key == "" {
			return l.pos.errorf("%q: want a name, a colon and values, such as \"cpu0: 0.2x5 0.95\"", clip(l.text))
		}
		values, err := rrd.ParseSeries(text)
		var bad *rrd.SeriesError
		if errors.As(err, &bad) {
			return l.pos.plus(l.text[:len(l.text)-len(text)+bad.Offset]).errorf("%v", bad)
		}
		if err != nil {
			return l.pos.errorf("%v", err)
		}
		if *p.budget -= len(values); *p.budget < 0 {
			return l.pos.errorf("more than %d values in this file", maxValues)
		}
		if len(values) == 0 {
			return l.pos.errorf("%q has no values: write them behind the colon (a line that begins another part of the case has to stand further left)", key+":")
		}
		if err := take(key, l.pos, values); err != nil {
			return err
		}
	}
	return nil
}

// expect reads lines such as
//
//	5m  raised   cpu_usage 0.95
//	9m  cleared  cpu_usage 0.2  level
//	9m  is       cpu_usage inactive
func (p *caseParser) expect(d directive) error {
	if d.value == "nothing" && len(d.block) == 0 {
		return nil
	}
	if d.value != "" {
		return d.at.errorf("%q: want \"nothing\", or lines below, further right", clip(d.value))
	}
	if len(d.block) == 0 {
		return d.pos.errorf("nothing below \"expect:\": write lines such as \"5m raised cpu_usage 0.95\", or \"expect: nothing\"")
	}
	for _, l := range d.block {
		e, err := p.expectation(l)
		if err != nil {
			return err
		}
		p.c.expected = append(p.c.expected, e)
	}
	return nil
}

var kindWords = []string{string(alarm.KindRaised), string(alarm.KindRepeated), string(alarm.KindCleared), string(alarm.KindNoData), isState}

func (p *caseParser) expectation(l line) (Expectation, error) {
	e := Expectation{Pos: l.pos}
	list := words(l.text, l.pos)
	if len(list) < 3 {
		return e, l.pos.errorf("%q: want a time, %s, and a variable", clip(l.text), oneOf(kindWords...))
	}
	var err error
	if e.At, err = parseElapsed(list[0].text); err != nil {
		return e, list[0].pos.errorf("%v", err)
	}
	e.What = list[1].text
	if !slices.Contains(kindWords, e.What) {
		return e, list[1].pos.errorf("%q: want %s", e.What, oneOf(kindWords...))
	}
	if e.Object, e.Name, err = p.member(list[2].text); err != nil {
		return e, list[2].pos.errorf("%v", err)
	}
	if e.What == string(alarm.KindCleared) {
		e.Reason = alarm.ReasonLevel
	}
	if e.What == string(alarm.KindRaised) || e.What == string(alarm.KindRepeated) {
		e.Severity = alarm.Critical
	}
	list = list[3:]
	if e.What == isState {
		if list, err = e.state(list, l.pos); err != nil {
			return e, err
		}
	}
	for _, w := range list {
		if err := e.word(w); err != nil {
			return e, err
		}
	}
	return e, nil
}

// state takes the name of a state off the words.
func (e *Expectation) state(list []word, at Pos) ([]word, error) {
	var names []string
	for _, s := range alarm.States {
		if len(list) > 0 && list[0].text == s.String() {
			e.State = s
			return list[1:], nil
		}
		names = append(names, s.String())
	}
	if len(list) > 0 {
		at = list[0].pos
	}
	return nil, at.errorf("want the state: %s", oneOf(names...))
}

// word takes in a value or a flag.
func (e *Expectation) word(w word) error {
	switch w.text {
	case string(alarm.Warning), string(alarm.Critical):
		e.Severity = alarm.Severity(w.text)
		return nil
	case "inhibited":
		e.Inhibited = true
		return nil
	case "silenced":
		e.Silenced = true
		return nil
	case string(alarm.ReasonLevel), string(alarm.ReasonGone), string(alarm.ReasonConfig), string(alarm.ReasonUnknown):
		if e.What != string(alarm.KindCleared) {
			return w.pos.errorf("%q is the reason of a cleared", w.text)
		}
		e.Reason = alarm.Reason(w.text)
		return nil
	}
	values, err := rrd.ParseSeries(w.text)
	if err != nil || len(values) != 1 || strings.Contains(w.text, "x") {
		return w.pos.errorf("%q: want a value, _, warning, inhibited, silenced, or the reason of a cleared (level, gone, config, unknown)", w.text)
	}
	if e.HasValue {
		return w.pos.errorf("%q: a second value", w.text)
	}
	e.HasValue, e.Value = true, values[0]
	if math.IsInf(e.Value, 0) {
		return w.pos.errorf("%q: an infinite value is unknown: write _", w.text)
	}
	return nil
}

// at reads something that happens: "at 10m: agent restart".
func (p *caseParser) at(d directive) error {
	text, ok := strings.CutPrefix(d.key, "at ")
	if !ok {
		return d.pos.errorf("when? write it like \"at 10m: agent restart\"")
	}
	t, err := parseElapsed(text)
	if err != nil {
		return d.pos.plus("at ").errorf("%v", err)
	}
	what, err := p.action(d)
	if err != nil {
		return err
	}
	p.c.actions = append(p.c.actions, action{pos: d.pos, at: t, what: what})
	return nil
}

// inner is the directive that stands in the value of another.
func (d directive) inner() directive {
	in := d
	key, value, _ := cutColon(d.value)
	in.key, in.value, in.pos = strings.Join(strings.Fields(key), " "), value, d.at
	in.at = d.at.plus(d.value[:len(d.value)-len(value)])
	return in
}
