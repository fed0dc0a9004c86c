package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/xapi"
)

// inherited is a variable that an object has from elsewhere: one of its own
// takes its place as a whole.
type inherited struct {
	object   string // as a word of the command line
	variable string
	from     string            // in words
	settings map[string]string // what it says, by the keys of set
}

// inherits asks the agent of this host for the variable that the object
// inherits and has not itself. Nil is none. The agent knows the objects of its
// own host alone.
func (e *edit) inherits(ctx context.Context, o xapi.Object) (*inherited, error) {
	opts := config.Options{Legacy: e.legacy}
	if e.assignments == nil || e.legacy || config.Settings(o.Class, o.Config, e.variable, opts) != nil {
		return nil, nil
	}
	object := o.Class + ":" + o.UUID
	effective, _, err := get[monitor.EffectiveConfig](ctx, &e.agent, "/v1/effective", url.Values{"object": {object}})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(effective.Variables, func(v monitor.EffectiveVariable) bool {
		return v.Variable == e.variable && v.From.Origin != config.OwnOrigin && v.AskedBy == ""
	})
	if i < 0 {
		return nil, nil
	}
	v := &effective.Variables[i]
	return &inherited{
		object: object, variable: v.Variable, from: v.From.String(),
		settings: config.Settings(o.Class, v.XML, v.Variable, opts),
	}, nil
}

// instead adds to the reason of a refusal the command that would do, since the
// object inherits the rest. unknown is why nobody knows whether it does.
func (e *edit) instead(o xapi.Object, reason error, above *inherited, unknown error) error {
	switch {
	case unknown != nil && !isAway(unknown):
		return fmt.Errorf("%w\nwhether the object inherits %s is not known: %w", reason, e.variable, unknown)
	case above == nil:
		return reason
	}
	all := above.with(e.assignments)
	if _, err := config.Set(o.Class, o.Config, e.variable, all, config.Options{}); err != nil {
		return reason // it is wrong in itself
	}
	return fmt.Errorf("%w\nthe object inherits %s from %s, and one of its own takes the place of that as a whole; with the rest of what stands there:\n  %s",
		reason, e.variable, above.from, above.command(all))
}

// lost says what the object's own variable does not take over of the one that
// it inherited, and how it would.
func (h *inherited) lost(assignments map[string]string) string {
	rest := make(map[string]string)
	for key, value := range h.settings {
		if _, given := assignments[key]; !given {
			rest[key] = value
		}
	}
	text := fmt.Sprintf("it takes the place of the one that is inherited from %s, as a whole\n", h.from)
	if len(rest) == 0 {
		return text
	}
	return text + fmt.Sprintf("to keep the rest of what stands there:\n  %s\n", h.command(rest))
}

// with is what the variable says when some of it is assigned.
func (h *inherited) with(assignments map[string]string) map[string]string {
	all := make(map[string]string)
	for key, value := range h.settings {
		all[key] = value
	}
	for key, value := range assignments {
		if value == "" {
			delete(all, key)
		} else {
			all[key] = value
		}
	}
	return all
}

// command is that which makes such a variable of the object's own.
func (h *inherited) command(settings map[string]string) string {
	words := []string{"perfmonctl", "set", h.object, shellWord(h.variable)}
	for _, key := range config.SettingKeys() {
		if value, is := settings[key]; is {
			words = append(words, shellWord(key+"="+value))
		}
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellWord is a text as one word of a shell.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
