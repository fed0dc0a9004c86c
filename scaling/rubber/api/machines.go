package api

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"perfmon/scaling/rubber"
)

// How many machines an answer has.
const (
	defaultMachines = 500  // of a status
	maxMachines     = 5000 // of a status
	defaultPage     = 100
	maxPage         = 1000
	maxText         = 200 // bytes of what is looked for
)

// machines answers some of the machines: those that fit, from one of them on,
// in an order.
func (s *Service) machines(w http.ResponseWriter, r *http.Request) {
	q, no := wantedOf(r.URL.Query())
	if no != nil {
		s.refuse(w, http.StatusBadRequest, *no)
		return
	}
	now := s.Controller.Status()
	c := s.crowd(now)
	fit, states := c.fit(q)
	out := &Machines{API: Version1, At: now.At, Total: len(c.order), Found: len(fit), States: states, From: min(q.from, len(fit)), Machines: []Machine{}}
	switch {
	case q.by != "":
		slices.SortStableFunc(fit, c.by(q.by).falling(q.falling))
	case q.falling:
		slices.Reverse(fit)
	}
	if q.after != "" {
		out.From, _ = slices.BinarySearchFunc(fit, q.after, func(m *rubber.MachineStatus, after string) int {
			if m.Intent <= after {
				return -1
			}
			return 1
		})
	}
	end := min(out.From+q.n, len(fit))
	for _, m := range fit[out.From:end] {
		out.Machines = append(out.Machines, machineOf(m))
	}
	if q.by == byIntent && end < len(fit) {
		out.Next = fit[end-1].Intent
	}
	s.answer(w, out)
}

// wanted is which machines somebody asks for.
type wanted struct {
	profile, cloud, state, host, text string // "" for all
	trouble                           bool
	by                                string // "" for the order of a crowd
	falling                           bool
	from, n                           int
	after                             string
}

// wantedOf reads a query, or says what is wrong with it.
func wantedOf(v url.Values) (q wanted, no *Refusal) {
	q = wanted{profile: v.Get("profile"), cloud: v.Get("cloud"), state: v.Get("state"), host: v.Get("host"), text: strings.ToLower(strings.TrimSpace(v.Get("text"))),
		by: v.Get("by"), after: v.Get("after"), n: defaultPage}
	word := func(name string, yes string, others ...string) bool {
		got := v.Get(name)
		if no == nil && got != "" && got != yes && !slices.Contains(others, got) {
			no = &Refusal{Message: fmt.Sprintf("%s=%.40q is not understood", name, got), Fix: "use one of these, or leave it out", Known: append([]string{yes}, others...)}
		}
		return got == yes
	}
	number := func(name string, least, most int, to *int) {
		text := v.Get(name)
		if no != nil || text == "" {
			return
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			no = &Refusal{Message: fmt.Sprintf("%s=%.40q: want a number from %d to %d", name, text, least, most)}
			return
		}
		*to = n
	}
	q.trouble = word("trouble", "yes")
	q.falling = word("order", "falling", "rising")
	number("n", 1, maxPage, &q.n)
	number("from", 0, 1<<30, &q.from)
	switch _, known := orders[q.by]; {
	case no != nil:
	case q.by != "" && !known:
		no = &Refusal{Message: fmt.Sprintf("by=%.40q: machines have no such order", q.by), Fix: "use one of these, or leave it out", Known: slices.Sorted(maps.Keys(orders))}
	case len(q.text) > maxText:
		no = &Refusal{Message: fmt.Sprintf("text has %d bytes, and may have %d", len(q.text), maxText)}
	case q.after != "" && (q.by != byIntent || q.falling || q.from > 0):
		no = &Refusal{Message: "after goes on in the order by=intent, and in no other", Fix: "ask with by=intent, without order and without from"}
	}
	return q, no
}

// compare is an order of machines, with what cannot be ordered last.
type compare struct {
	known func(m *rubber.MachineStatus) bool // nil: always
	by    func(a, b *rubber.MachineStatus) int
}

func textual(of func(m *rubber.MachineStatus) string) compare {
	return compare{func(m *rubber.MachineStatus) bool { return of(m) != "" }, func(a, b *rubber.MachineStatus) int { return strings.Compare(of(a), of(b)) }}
}

// by is an order of machines; hosts are told by their names where those are
// known.
func (c *crowd) by(name string) compare {
	if name == byHost {
		return textual(func(m *rubber.MachineStatus) string { return cmp.Or(c.names[m.Host], m.Host) })
	}
	return orders[name]
}

const (
	byIntent = "intent"
	byHost   = "host"
)

// orders are those that machines can be asked for in, by name.
var orders = map[string]compare{
	byIntent:  textual(func(m *rubber.MachineStatus) string { return m.Intent }),
	"name":    textual(func(m *rubber.MachineStatus) string { return m.Name }),
	"profile": textual(func(m *rubber.MachineStatus) string { return m.Profile }),
	byHost:    {},
	"said":    textual(saidOf),
	"age":     {nil, func(a, b *rubber.MachineStatus) int { return cmp.Compare(a.Age, b.Age) }},
	"busy":    {func(m *rubber.MachineStatus) bool { return m.BusyKnown }, func(a, b *rubber.MachineStatus) int { return cmp.Compare(a.Busy, b.Busy) }},
	"idle":    {func(m *rubber.MachineStatus) bool { return !m.IdleSince.IsZero() }, func(a, b *rubber.MachineStatus) int { return b.IdleSince.Compare(a.IdleSince) }},
}

// saidOf is what there is to say of a machine.
func saidOf(m *rubber.MachineStatus) string {
	switch {
	case m.Trouble != nil:
		return m.Trouble.Text
	case m.Ending != "":
		return m.Ending
	case m.Release != nil:
		return m.Release.Reason
	}
	return ""
}

// falling is the order, or the other way round; what is not known stays last.
// Equals stay in the order of names.
func (c compare) falling(falling bool) func(a, b *rubber.MachineStatus) int {
	return func(a, b *rubber.MachineStatus) int {
		if c.known != nil {
			switch x, y := c.known(a), c.known(b); {
			case x && !y:
				return -1
			case !x && y:
				return 1
			case !x:
				return byName(a, b)
			}
		}
		d := c.by(a, b)
		if falling {
			d = -d
		}
		return cmp.Or(d, byName(a, b))
	}
}

func byName(a, b *rubber.MachineStatus) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Intent, b.Intent))
}
