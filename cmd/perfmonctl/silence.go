package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/alarm"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

func newSilence() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "silence",
		Short: "keep alarms from waking people for a while",
		Long: `silence keeps alarms from those sinks that wake people. What still fires when a
silence ends is raised then. It is kept over a restart of the agent.`,
		Args: aVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newSilenceAdd(), newSilenceList(), newSilenceEnd())
	return cmd
}

func newSilenceAdd() *cobra.Command {
	a := &agentFlags{}
	var s api.NewSilence
	var length, until string
	cmd := &cobra.Command{
		Use:   "add MATCHER... --reason TEXT --for|--until TIME",
		Short: "silence the alarms that all of the matchers match",
		Long: `add silences the alarms that all of the matchers match. A matcher is class,
uuid, variable or label.NAME, an operator (= != =~ !~) and a value; with =~ and
!~ that is a regular expression for the whole of it. class=~.* matches every
alarm. In uuid=OBJECT, OBJECT may be named as for other verbs, by name or by the
beginning of its uuid. What it is about at present is said.

--for is a length of time such as 90m, 2h or 3d. --until is a time of day
(18:00, today or tomorrow), a day and a time (2026-12-24 18:00), or RFC 3339.

` + agentHelp,
		Example: `  perfmonctl silence add class=vm 'variable=~cpu.*' --for 2h --reason load
  perfmonctl silence add uuid=web-01 --for 30m --reason 'new disk'
  perfmonctl silence add label.team=web --until 18:00 --reason 'new release'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no MATCHER is given: want class=vm, variable=~cpu.* or label.team=web")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if strings.TrimSpace(s.Reason) == "" {
				return errors.New("no reason is given: want --reason TEXT, for those who wonder")
			}
			now := time.Now()
			ends, err := endOf(length, until, now)
			if err != nil {
				return err
			}
			if s.Matchers, err = a.wholeUUIDs(cmd.Context(), args); err != nil {
				return err
			}
			s.Ends = ends.Unix()
			s.Author = cmp.Or(s.Author, whoAmI())
			var added alarm.Silence
			answer, err := a.ask(cmd.Context(), http.MethodPost, "/v1/silences", nil, &s, &added)
			if err != nil {
				return err
			}
			return a.print(cmd, answer, func(screen) string {
				t := times{Now: now}
				return fmt.Sprintf("silence %s until %s (for %s): %s\n", added.ID, t.At(added.Ends), span(added.Ends-added.Created), matchers(&added)) + a.about(cmd.Context(), &added)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Reason, "reason", "", "`TEXT` that says why")
	f.StringVar(&length, "for", "", "`TIME` that it lasts")
	f.StringVar(&until, "until", "", "`TIME` at which it ends")
	f.StringVar(&s.Author, "author", "", "`NAME` of who wants it (default: the user who asks)")
	a.add(cmd, "table")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return matcherWords(begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return cmd
}

func newSilenceList() *cobra.Command {
	a := &agentFlags{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the silences in force",
		Long:  "list lists the silences in force, oldest first.\n\n" + agentHelp,
		Args:  verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			var list api.Silences
			answer, err := a.ask(cmd.Context(), http.MethodGet, "/v1/silences", nil, nil, &list)
			if err != nil {
				return err
			}
			return a.print(cmd, answer, func(on screen) string { return silencesText(list.Silences, times{Now: time.Now()}, on) })
		},
	}
	a.add(cmd, "table")
	return cmd
}

func newSilenceEnd() *cobra.Command {
	a := &agentFlags{}
	cmd := &cobra.Command{
		Use:   "end ID",
		Short: "end a silence before its time",
		Long: `end ends the silence with an id, or the only one whose id begins so. What still
fires and was held back by it is raised at once.

` + agentHelp,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 || args[0] == "":
				return errors.New("no ID is given: perfmonctl silence list shows them")
			case len(args) > 1:
				return fmt.Errorf("unexpected argument %q: one ID at a time", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			return a.endSilence(cmd, args[0])
		},
	}
	a.add(cmd, "table")
	cmd.ValidArgsFunction = arguments(a, silenceWords)
	return cmd
}

// endedSilence is what perfmonctl silence end --output json prints.
type endedSilence struct {
	Ended alarm.Silence `json:"ended"` // as it was
}

// endSilence ends the one whose id begins so.
func (a *agentFlags) endSilence(cmd *cobra.Command, id string) error {
	var list api.Silences
	if _, err := a.ask(cmd.Context(), http.MethodGet, "/v1/silences", nil, nil, &list); err != nil {
		return err
	}
	var meant []alarm.Silence
	for _, s := range list.Silences {
		if strings.HasPrefix(s.ID, id) {
			meant = append(meant, s)
		}
	}
	t := times{Now: time.Now()}
	if len(meant) > 1 {
		return verbs.Refused(fmt.Errorf("%d silences have an id that begins with %q: say which\n%s", len(meant), id, printable(strings.TrimRight(silencesText(meant, t, screen{}), "\n"))))
	}
	said, ended := "", alarm.Silence{ID: id}
	if len(meant) == 1 {
		ended = meant[0]
		id = ended.ID
		said = fmt.Sprintf(" (%s: %s)", matchers(&ended), ended.Reason)
	}
	// If there is none, the agent says so and names those that there are.
	if _, err := a.ask(cmd.Context(), http.MethodDelete, "/v1/silences/"+url.PathEscape(id), nil, nil, nil); err != nil {
		return err
	}
	answer, err := asJSON(endedSilence{ended})
	if err != nil {
		return verbs.Failed(err)
	}
	return a.print(cmd, answer, func(screen) string { return fmt.Sprintf("silence %s is ended%s\n", id, said) })
}

func silencesText(list []alarm.Silence, t times, screen screen) string {
	if len(list) == 0 {
		return "no silence is in force\n"
	}
	table := [][]string{{"ID", "ENDS", "IN", "~AUTHOR", "~MATCHERS", "~REASON"}}
	for i := range list {
		s := &list[i]
		table = append(table, []string{s.ID, t.At(s.Ends), span(s.Ends - t.Now.Unix()), s.Author, matchers(s), s.Reason})
	}
	return screen.Columns(table)
}

func matchers(s *alarm.Silence) string {
	words := make([]string, len(s.Matchers))
	for i, m := range s.Matchers {
		words[i] = m.String()
	}
	return strings.Join(words, " ")
}

// whoAmI is the user who asks, also behind sudo; "" if nobody knows, and the
// agent has to.
func whoAmI() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// endOf is when a silence ends.
func endOf(length, until string, now time.Time) (time.Time, error) {
	switch {
	case (length == "") == (until == ""):
		return time.Time{}, errors.New("how long? Want one of --for 2h and --until 18:00")
	case until != "":
		return untilTime(until, now)
	}
	at, ok := away(length, now, 1)
	if !ok {
		return time.Time{}, fmt.Errorf("--for %q: want a length of time, such as 90m, 2h or 3d", length)
	}
	return at, nil
}

// untilTime reads the forms of --until.
func untilTime(text string, now time.Time) (time.Time, error) {
	at, today, ok := timeIn(text, now)
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("--until %q: want a time, such as 18:00, 2026-12-24 18:00 or 2026-12-24T18:00:00+01:00", text)
	case at.After(now):
		return at, nil
	case today:
		return at.AddDate(0, 0, 1), nil
	}
	return time.Time{}, fmt.Errorf("--until %q: that time has passed", text)
}
