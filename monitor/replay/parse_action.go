package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
)

// simpleActions are those that need no more words.
var simpleActions = map[string]func(*world){
	"agent stop":     (*world).stopAgent,
	"agent start":    (*world).startAgent,
	"agent restart":  func(w *world) { w.stopAgent(); w.startAgent() },
	"agent forgets":  func(w *world) { w.stopAgent(); w.saved = newSaved(); w.startAgent() },
	"toolstack down": func(w *world) { w.down = true },
	"toolstack up":   func(w *world) { w.down = false },
	"recording off":  func(w *world) { w.unrecorded = true },
	"recording on":   func(w *world) { w.unrecorded = false },
	"end silences":   func(w *world) { w.endSilences() },
}

// objectActions are about the object of the case, or the one that follows:
// "missing", "missing vm/web".
var objectActions = map[string]func(*world, monitor.Object){
	"missing":   func(w *world, o monitor.Object) { w.missing[o] = true },
	"present":   func(w *world, o monitor.Object) { w.missing[o] = false },
	"gone":      func(w *world, o monitor.Object) { w.missing[o], w.gone[o] = true, true },
	"elsewhere": func(w *world, o monitor.Object) { w.missing[o], w.elsewhere[o] = true, true },
	"back":      func(w *world, o monitor.Object) { w.missing[o], w.gone[o], w.elsewhere[o] = false, false, false },
}

// maintenanceWords are the reasons that an inventory knows.
var maintenanceWords = []string{monitor.Disabled, monitor.Evacuating, monitor.Migrating, monitor.InSnapshot, monitor.ShuttingDown}

// action reads what happens at some time.
func (p *caseParser) action(d directive) (func(*world), error) {
	text := strings.Join(strings.Fields(d.value), " ")
	if key, _, ok := cutColon(d.value); ok {
		switch firstWord(key) {
		case "triggers":
			place, xml, err := p.triggers(d.inner())
			return func(w *world) { place(&w.setting, xml) }, err
		case "tags":
			in := d.inner()
			o, err := p.of(in, "tags")
			return func(w *world) {
				w.setting.tags = maps.Clone(w.setting.tags)
				w.setting.tags[o] = strings.Fields(in.value)
			}, err
		case "maintenance":
			return p.maintenance(d.inner())
		}
	}
	if len(d.block) > 0 {
		return nil, d.block[0].pos.errorf("nothing belongs below %q", clip(d.text))
	}
	if f := simpleActions[text]; f != nil {
		return f, nil
	}
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case objectActions[word] != nil:
		o := defaultObject(p.c.class)
		if rest != "" {
			var err error
			if o, err = object(rest); err != nil {
				return nil, d.at.errorf("%v", err)
			}
		}
		return func(w *world) { objectActions[word](w, o) }, nil
	case word == "clock":
		return clockAction(d, rest)
	case word == "silence":
		return silenceAction(d)
	}
	known := slices.Sorted(maps.Keys(simpleActions))
	known = append(known, slices.Sorted(maps.Keys(objectActions))...)
	return nil, d.at.errorf("%q is nothing that can happen: want %s, clock +1h, silence, maintenance:, triggers: or tags:", clip(text), strings.Join(known, ", "))
}

// maintenance reads "maintenance: migrating", "maintenance of vm/web: none".
func (p *caseParser) maintenance(d directive) (func(*world), error) {
	o, err := p.of(d, "maintenance")
	if err != nil {
		return nil, err
	}
	word := d.value
	if word == "none" {
		word = ""
	} else if !slices.Contains(maintenanceWords, word) {
		return nil, d.at.errorf("maintenance %q: want %s", word, oneOf(append(slices.Clone(maintenanceWords), "none")...))
	}
	return func(w *world) { w.maintenance[o] = word }, nil
}

// clockAction reads "clock +2h", "clock -90s": the host's clock is set.
func clockAction(d directive, text string) (func(*world), error) {
	rest, ahead := strings.CutPrefix(text, "+")
	if !ahead {
		var back bool
		if rest, back = strings.CutPrefix(text, "-"); !back {
			return nil, d.at.errorf("clock %q: want it like +2h or -90s", text)
		}
	}
	n, err := parseSpan(rest)
	if err != nil {
		return nil, d.at.errorf("clock: %v", err)
	}
	if !ahead {
		n = -n
	}
	return func(w *world) { w.setClock(n) }, nil
}

// silenceAction reads "silence variable=cpu_usage label.team=web for 1h".
func silenceAction(d directive) (func(*world), error) {
	list := words(d.value, d.at)[1:]
	s := alarm.Silence{Reason: "a test", Author: "a test"}
	length := int64(maxElapsed)
	if n := len(list); n >= 2 && list[n-2].text == "for" {
		var err error
		if length, err = parseSpan(list[n-1].text); err != nil {
			return nil, list[n-1].pos.errorf("%v", err)
		}
		list = list[:n-2]
	}
	for _, w := range list {
		m, err := alarm.ParseMatcher(w.text)
		if err != nil {
			return nil, w.pos.errorf("%v", err)
		}
		s.Matchers = append(s.Matchers, m)
	}
	if len(list) == 0 {
		return nil, d.at.errorf("silence what? Write matchers, such as \"silence variable=cpu_usage for 1h\"")
	}
	return func(w *world) { w.silence(s, length) }, nil
}

func (w *world) noteOnce(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(w.notes, text) {
		w.notes = append(w.notes, text)
	}
}
