package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

func newDecisions() *cobra.Command {
	a := &asking{}
	var watch bool
	var profile string
	var n int
	cmd := &cobra.Command{
		Use:     "decisions",
		Aliases: []string{"history"},
		Short:   "what was decided and what has happened, with the reasons",
		Long: `decisions lists what the running rubber has decided and what has happened to
machines, the newest last. It remembers some thousands of lines, and forgets
them when it ends; its log has them all.

With --watch it goes on with each as it comes, until Ctrl-C, which ends it
well, and waits for rubber when that is restarted.

` + askHelp,
		Example: `  rubber decisions
  rubber decisions --profile thumbnails --last 20
  rubber decisions --watch`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			if n < 1 || n > maxDecisions {
				return fmt.Errorf("--last %d: want 1 to %d", n, maxDecisions)
			}
			d := &decider{asking: a, cmd: cmd, profile: profile}
			if watch {
				return d.watch(n)
			}
			return d.list(cmd.Context(), n)
		},
	}
	a.add(cmd)
	cmd.Flags().BoolVar(&watch, "watch", false, "go on with each as it comes; in JSON, one a line")
	cmd.Flags().StringVar(&profile, "profile", "", "those of one `PROFILE` alone")
	cmd.Flags().IntVar(&n, "last", 50, "show the last `N`")
	_ = cmd.RegisterFlagCompletionFunc("profile", func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.profiles(cmd, nil, begun)
	})
	return cmd
}

// maxDecisions is how many can be asked for.
const maxDecisions = 10_000

// decider shows decisions.
type decider struct {
	*asking
	cmd     *cobra.Command
	profile string // "": of all
}

// wants says whether a decision is one of those to be shown.
func (d *decider) wants(x *api.Decision) bool { return d.profile == "" || x.Profile == d.profile }

// ask returns the last n that are wanted.
func (d *decider) ask(ctx context.Context, n int) (*api.Decisions, error) {
	query := url.Values{}
	if d.profile == "" {
		query.Set("n", strconv.Itoa(n))
	}
	all, _, err := get[api.Decisions](ctx, d.asking, "/v1/decisions", query)
	if err != nil {
		return nil, err
	}
	wanted := []api.Decision{}
	for i := range all.Decisions {
		if d.wants(&all.Decisions[i]) {
			wanted = append(wanted, all.Decisions[i])
		}
	}
	all.Decisions = wanted[max(0, len(wanted)-n):]
	return &all, nil
}

func (d *decider) list(ctx context.Context, n int) error {
	all, err := d.ask(ctx, n)
	if err != nil {
		return err
	}
	answer, err := console.JSON(all)
	if err != nil {
		return verbs.Failed(err)
	}
	return d.print(d.cmd, answer, func(on console.Screen) string {
		if len(all.Decisions) == 0 {
			return "nothing was decided yet\n"
		}
		var b strings.Builder
		for i := range all.Decisions {
			b.WriteString(decisionLine(&all.Decisions[i], console.Times{Now: time.Now()}, on.Width) + "\n")
		}
		return b.String()
	})
}

// decisionLine is one decision, within so many columns; 0 for one line:
//
//	12:00:02  wanted   tiles  tiles-5c2b…  it is wanted: 12 tasks wait
func decisionLine(x *api.Decision, t console.Times, columns int) string {
	text := x.Text
	if x.Loud {
		text = console.Paint(console.Strong, text)
	}
	head := fmt.Sprintf("%s  %-9s  ", t.Short(x.At.Unix()), x.Event)
	indent := strings.Repeat(" ", console.TextWidth(head))
	for _, name := range []string{x.Profile, x.Name} {
		if name != "" {
			head += name + "  "
		}
	}
	return console.Wrap(head, indent, strings.ReplaceAll(text, "\n", " "), columns)
}

// watch shows the last n, and then what comes.
func (d *decider) watch(n int) error {
	return (&verbs.Stream{
		Server: "rubber serve",
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			stream, err := d.Open(ctx, "/v1/watch")
			return stream, verbs.Asked(err)
		},
		Begin: func(ctx context.Context) error { return d.before(ctx, n) },
		Take:  d.hear,
	}).Watch(d.cmd)
}

// before shows what there was before the stream.
func (d *decider) before(ctx context.Context, n int) error {
	all, err := d.ask(ctx, n)
	if err != nil {
		return err
	}
	for i := range all.Decisions {
		if err := d.show(&all.Decisions[i]); err != nil {
			return err
		}
	}
	return nil
}

// hear takes an event.
func (d *decider) hear(e eventstream.Event) error {
	if e.Name != "decision" {
		return nil
	}
	var x api.Decision
	if err := json.Unmarshal([]byte(e.Data), &x); err != nil {
		return verbs.Failed(fmt.Errorf("rubber serve is not of this version: its event is not understood: %w", err))
	}
	if !d.wants(&x) {
		return nil
	}
	return d.show(&x)
}

func (d *decider) show(x *api.Decision) error {
	out := d.cmd.OutOrStdout()
	if d.output == "json" {
		line, err := json.Marshal(x)
		if err != nil {
			return verbs.Failed(err)
		}
		return verbs.Write(out, string(line)+"\n")
	}
	on := console.ScreenOf(out)
	return verbs.Write(out, on.Finish(decisionLine(x, console.Times{Now: time.Now()}, on.Width))+"\n")
}
