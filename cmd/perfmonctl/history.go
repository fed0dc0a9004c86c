package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/alarm"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// historyLimit is how many are asked for unless somebody wants more.
const historyLimit = 50

func newHistory() *cobra.Command {
	a := &agentFlags{}
	var since string
	limit := historyLimit
	cmd := &cobra.Command{
		Use:   "history [OBJECT [VARIABLE]]",
		Short: "which alarms were raised and cleared, the newest first",
		Long: `history lists what the alarms of this host have said: raised, repeated, cleared,
no data; of all objects, of one, or of one of its variables. The agent remembers
the last some thousand, also over a restart.

--since is a length of time such as 90m, 2h or 3d, or the time itself: a time of
day (08:00, today or yesterday), a day and a time (2026-12-24 18:00), or RFC
3339.

` + objectHelp + `

` + agentHelp,
		Example: `  perfmonctl history --since 24h
  perfmonctl history vm:web-01 cpu_usage --limit 10`,
		Args: atMost(2, "one OBJECT and one VARIABLE at a time"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if limit < 1 || limit > api.MaxHistory {
				return fmt.Errorf("--limit %d: want 1 to %d", limit, api.MaxHistory)
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if since != "" {
				from, err := sinceTime(since, time.Now())
				if err != nil {
					return err
				}
				query.Set("since", strconv.FormatInt(from.Unix(), 10))
			}
			for i, name := range []string{"object", "variable"}[:len(args)] {
				query.Set(name, args[i])
			}
			h, answer, err := get[api.History](cmd.Context(), a, "/v1/history", query)
			if err != nil {
				return err
			}
			if len(args) == 2 && len(h.Transitions) == 0 {
				if err := a.hasVariable(cmd.Context(), args[0], args[1]); err != nil {
					return err
				}
			}
			return a.print(cmd, answer, func(on screen) string { return historyText(&h, times{Now: time.Now()}, on) })
		},
		ValidArgsFunction: arguments(a, objectWords, variableWords),
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "leave out what is older than this `TIME`")
	f.IntVar(&limit, "limit", limit, "show the newest `N`")
	a.add(cmd, "table")
	return cmd
}

// hasVariable refuses a variable of which nothing is remembered and that the
// object does not have. Of an object that has gone nobody knows.
func (a *agentFlags) hasVariable(ctx context.Context, object, variable string) error {
	all, _, err := get[api.Variables](ctx, a, "/v1/variables", url.Values{"object": {object}})
	if err != nil {
		return nil
	}
	text := fmt.Sprintf("%s has no variable %q, and none of that name has said anything", object, variable)
	for i := range all.Variables {
		if all.Variables[i].Variable == variable {
			return nil
		}
		text += "\n  " + all.Variables[i].Variable
	}
	return verbs.Refused(errors.New(printable(text)))
}

// historyText lists transitions:
//
//	TIME      SAID      OBJECT     VARIABLE   VALUE  LEVEL  NOTE
//	12:06:00  cleared   vm web-07  cpu_usage   0.31  > 0.9
//	11:54:00  critical  vm web-07  cpu_usage   0.97  > 0.9  held back by inhibit
func historyText(h *api.History, t times, on screen) string {
	var b strings.Builder
	if len(h.Transitions) == 0 {
		b.WriteString("no alarm has said anything\n")
	} else {
		table := [][]string{{"TIME", "SAID", "SEVERITY", "~OBJECT", "~VARIABLE", ">VALUE", "LEVEL", "~NOTE"}}
		for i := range h.Transitions {
			x := &h.Transitions[i]
			table = append(table, []string{
				t.Short(x.Time), saidText(x), string(x.Severity), objectText(x.ObjectRef), x.Variable, valueText(x.Value), levelText(x.Level, x.Sense, nil, ""), transitionNote(x),
			})
		}
		b.WriteString(on.Columns(withoutEmpty(table)))
	}
	switch {
	case h.Complete:
	case len(h.Transitions) > 0:
		b.WriteString("\nthere may be older ones: --limit shows more\n")
	}
	if h.Oldest != 0 {
		fmt.Fprintf(&b, "%sthe oldest that is remembered is of %s\n", map[bool]string{true: "\n"}[h.Complete && len(h.Transitions) > 0], t.At(h.Oldest))
	}
	return b.String()
}

// saidText is what an alarm said.
func saidText(x *api.Transition) string {
	switch x.Kind {
	case alarm.KindRaised, alarm.KindRepeated:
		return paint(styleOf("firing", x.Severity), string(x.Kind))
	case alarm.KindCleared:
		return paint(good, string(x.Kind))
	case alarm.KindNoData:
		return paint(warned, "no data")
	}
	return string(x.Kind)
}

// transitionNote is what else is to be known.
func transitionNote(x *api.Transition) string {
	var notes []string
	if why := map[alarm.Reason]string{
		alarm.ReasonGone: "the object has gone", alarm.ReasonConfig: "its configuration changed", alarm.ReasonUnknown: "nobody knew its value",
	}[x.Reason]; why != "" {
		notes = append(notes, why)
	}
	if x.Silenced {
		notes = append(notes, "silenced")
	}
	if x.Inhibited {
		notes = append(notes, "inhibited")
	}
	return strings.Join(notes, ", ")
}

// sinceTime reads --since.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if at, ok := away(text, now, -1); ok {
		return at, nil
	}
	at, today, ok := timeIn(text, now)
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("--since %q: want a length of time, such as 2h or 3d, or a time, such as 08:00 or 2026-12-24 18:00", text)
	case !at.After(now):
		return at, nil
	case today:
		return at.AddDate(0, 0, -1), nil
	}
	return time.Time{}, fmt.Errorf("--since %q: that time is yet to come", text)
}
