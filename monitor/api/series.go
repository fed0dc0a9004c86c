package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door"
	"perfmon/rrd"
)

// Limits of a series.
const (
	maxSeriesColumns     = 64
	maxGlobs             = 64
	maxSeriesTransitions = 500
)

var nan = math.NaN()

// series answers with rows of an archive.
func (l *local) series(ctx context.Context, r *http.Request) (reply, error) {
	query := r.URL.Query()
	s := l.Monitor.Snapshot()
	ref, err := Resolve(s, query.Get("object"))
	if err != nil {
		return reply{}, err
	}
	p, err := spanNamed(cmp.Or(query.Get("span"), spans[0].name))
	if err != nil {
		return reply{}, err
	}
	fits, err := columnGlobs(words(query, "columns"))
	if err != nil {
		return reply{}, err
	}
	b, err := l.archive.of(ctx, ref.key(), p, l.now)
	if err != nil {
		return reply{}, l.noRows(ctx, ref, err)
	}
	answer := Series{
		Head: head(), ObjectRef: ref, Span: p.name, Step: b.step, Start: b.start, End: b.end, Columns: []SeriesColumn{},
		T: append([]int64{}, b.t...), Values: []Values{}, Triggers: []Variable{}, Transitions: []Transition{},
	}
	for i, c := range b.columns {
		if !fits(c.Name) {
			continue
		}
		if len(answer.Columns) == maxSeriesColumns {
			answer.Truncated = true
			break
		}
		answer.Columns = append(answer.Columns, c)
		answer.Values = append(answer.Values, append(Values{}, b.values[i]...))
	}
	if len(answer.Columns) == 0 {
		return reply{}, noColumn(ref, b)
	}
	l.addAlarms(&answer, s)
	return reply{http.StatusOK, answer}, nil
}

func spanNamed(name string) (span, error) {
	refusal := badRequest("use one of those that there are", "there is no span %q", door.Shorten(name))
	for _, p := range spans {
		if p.name == name {
			return p, nil
		}
		refusal.Known = append(refusal.Known, p.name)
	}
	return span{}, refusal
}

// columnGlobs is whether a name fits one of some globs, in which * stands for
// any text and ? for one character. Without globs all fit.
func columnGlobs(globs []string) (func(string) bool, error) {
	if len(globs) > maxGlobs {
		return nil, badRequest("use a * here and there", "%d columns are named; the limit is %d", len(globs), maxGlobs)
	}
	if len(globs) == 0 {
		return func(string) bool { return true }, nil
	}
	var alternatives []string
	for _, g := range globs {
		g = regexp.QuoteMeta(g)
		g = strings.ReplaceAll(g, `\*`, ".*")
		alternatives = append(alternatives, strings.ReplaceAll(g, `\?`, "."))
	}
	re, err := regexp.Compile("(?s)^(?:" + strings.Join(alternatives, "|") + ")$")
	if err != nil {
		return nil, badRequest("use plain names, * and ?", "the columns cannot be read: %v", err)
	}
	return re.MatchString, nil
}

// noColumn refuses globs that nothing fits.
func noColumn(ref ObjectRef, b *book) *Refusal {
	r := &Refusal{status: http.StatusNotFound, Message: fmt.Sprintf("the archive of %v has no such column", ref), Fix: "name one that it has, or leave out columns for all"}
	for _, c := range b.columns[:min(len(b.columns), maxKnown)] {
		r.Known = append(r.Known, c.Name)
	}
	if len(b.columns) == 0 {
		r.Message, r.Fix = fmt.Sprintf("the archive of %v has no columns", ref), "most kinds of SR have none; others get theirs within a minute"
	}
	return r
}

// noRows says why there are no rows. The web port does not tell what may name
// an address.
func (l *local) noRows(ctx context.Context, ref ObjectRef, err error) error {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.Is(err, rrd.ErrNoArchive):
		return &Refusal{status: http.StatusNotFound, Message: fmt.Sprintf("no rows are archived of %v", ref), Fix: "ask again in a minute if it is new"}
	}
	refusal = &Refusal{
		status: http.StatusServiceUnavailable, Message: fmt.Sprintf("the archive does not answer: %v", err), Fix: "ask again; if it lasts, look into perfmon's log and the toolstack's",
	}
	if public(ctx) {
		refusal.Message = "the archive does not answer"
	}
	return refusal
}

// addAlarms adds the variables that read one of the columns, and what they
// have said.
func (l *local) addAlarms(answer *Series, s *monitor.Snapshot) {
	shown := map[rrd.Entry]bool{}
	for _, c := range answer.Columns {
		shown[rrd.Entry{CF: rrd.Average, Class: c.Class, UUID: c.UUID, Name: c.Name}] = true
	}
	triggers := map[alarm.ID]bool{}
	for i := range s.Variables {
		v := &s.Variables[i]
		if s.Plan != nil && slices.ContainsFunc(v.Columns, func(c int) bool { return shown[s.Plan.Entries[c]] }) {
			triggers[v.ID] = true
			answer.Triggers = append(answer.Triggers, l.variableOf(s, v))
		}
	}
	if len(triggers) == 0 {
		return
	}
	for e := range l.History() {
		if len(answer.Transitions) == maxSeriesTransitions {
			break
		}
		if e.Time > answer.Start && triggers[e.ID] {
			answer.Transitions = append(answer.Transitions, transitionOf(e))
		}
	}
	slices.Reverse(answer.Transitions)
}
