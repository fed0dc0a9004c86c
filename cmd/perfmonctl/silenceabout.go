package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor/api"
)

// wholeUUIDs are the matchers with each uuid=OBJECT as the uuid of the object
// that is meant, which may be named as everywhere else: an alarm has a whole
// uuid, so less would silence nothing. A whole one stays as it is; its object
// may be about to come here.
//
//	uuid=web-07, uuid=5c2b, uuid=host
func (a *agentFlags) wholeUUIDs(ctx context.Context, matchers []string) ([]string, error) {
	whole := slices.Clone(matchers)
	for i, text := range matchers {
		name, value, _ := strings.Cut(text, "=")
		value = strings.TrimSpace(value)
		if strings.TrimSpace(name) != "uuid" || value == "" || value[0] == '~' {
			continue
		}
		if plain, err := strconv.Unquote(value); err == nil {
			value = plain
		}
		if wholeUUID.MatchString(value) {
			continue
		}
		var meant api.Objects
		if _, err := a.ask(ctx, http.MethodGet, "/v1/objects", url.Values{"query": {value}}, nil, &meant); err != nil {
			return nil, err
		}
		if len(meant.Objects) == 1 {
			whole[i] = "uuid=" + meant.Objects[0].UUID
		}
	}
	return whole, nil
}

// about says how much a silence is about at present: one that is about
// nothing was as a rule meant otherwise. Without an answer nothing is said:
// the silence is in force anyhow.
func (a *agentFlags) about(ctx context.Context, s *alarm.Silence) string {
	var all api.Variables
	if _, err := a.ask(ctx, http.MethodGet, "/v1/variables", nil, nil, &all); err != nil {
		return ""
	}
	variables, firing := 0, 0
	objects := map[string]bool{}
	for i := range all.Variables {
		v := &all.Variables[i]
		id := alarm.ID{Class: v.Class, UUID: v.UUID, Variable: v.Variable}
		if slices.ContainsFunc(s.Matchers, func(m alarm.Matcher) bool { return !m.Matches(id, v.Labels) }) {
			continue
		}
		variables++
		objects[v.Class+v.UUID] = true
		if v.State == alarm.Firing.String() || v.State == alarm.Clearing.String() {
			firing++
		}
	}
	if variables == 0 {
		return "  no variable of this host is meant by it at present: perfmonctl explain OBJECT lists those of an object\n"
	}
	return fmt.Sprintf("  it is about %s on %s of this host; of these, %d fire now\n", several(variables, "variable"), several(len(objects), "object"), firing)
}

func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
