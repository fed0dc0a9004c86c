package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/tui"
	"perfmon/cmd/internal/verbs"
	"perfmon/cmd/perfmonctl/top"
	"perfmon/monitor/api"
)

func newTop() *cobra.Command {
	a := &agentFlags{}
	o := top.Options{}
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "a live view of the host, its VMs and SRs, and the alarms",
		Long: `top shows on a terminal what the running agent watches, as it changes: the host,
a table of its VMs and SRs that can be sorted and filtered, the alarms, and one
object in detail, with plots in which the trigger's level is drawn. ? lists the
keys, q ends it. When the agent is restarted, top waits for it.

With --once it prints one plain frame with all rows, and ends; with --output
json as well, the agent's answer to GET /v1/overview.

Exit codes: 0 done, 1 wrong words, 2 the agent could not be asked, or there is
no terminal, or it has less than 60 by 16 cells.`,
		Example: `  perfmonctl top
  perfmonctl top --sort alarms --filter web
  perfmonctl top --once | head -n 20`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if err := o.CheckFlags(a.output, once); err != nil {
				return err
			}
			if !slices.Contains(top.SortKeys(), o.Sort) {
				return fmt.Errorf("--sort %q: want one of %s", o.Sort, strings.Join(top.SortKeys(), ", "))
			}
			ctx, stop := verbs.Interruptible()
			defer stop()
			err := a.top(ctx, cmd.OutOrStdout(), o, once)
			if err != nil && ctx.Err() != nil {
				return verbs.ErrInterrupted
			}
			return verbs.Coded(err)
		},
	}
	a.add(cmd, "table")
	cmd.Flags().StringVar(&o.Sort, "sort", top.SortKeys()[0], "sort by `WHAT`: "+strings.Join(top.SortKeys(), ", "))
	cmd.Flags().StringVar(&o.Filter, "filter", "", "show those alone whose name has this `TEXT` in it")
	o.AddFlags(cmd.Flags(), &once)
	verbs.Offer(cmd, "sort", top.SortKeys()...)
	return cmd
}

// top shows the live view, or one frame. An agent that is not there at the
// beginning is an error; one that goes away later is waited for.
func (a *agentFlags) top(ctx context.Context, out io.Writer, o top.Options, once bool) error {
	o.Agent = asker{a}
	if once && a.output == "json" {
		_, answer, err := get[api.Overview](ctx, a, "/v1/overview", nil)
		if err != nil {
			return err
		}
		return verbs.Write(out, string(answer))
	}
	if !once {
		if err := tui.CanShow("perfmonctl", out); err != nil {
			return verbs.Failed(err)
		}
	}
	if err := o.Agent.Get(ctx, "/v1/status", nil, &api.Status{}); err != nil {
		return err
	}
	if once {
		o.Width, _ = terminal(out)
		return top.Once(ctx, out, o)
	}
	_, o.Color = terminal(out)
	o.Output = out
	return top.Run(ctx, o)
}

// asker asks for top, which does so from several goroutines.
type asker struct{ flags *agentFlags }

func (a asker) Get(ctx context.Context, path string, query url.Values, into any) error {
	own := *a.flags
	return own.Get(ctx, path, query, into)
}

func (a asker) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	own := *a.flags
	return own.Open(ctx, path, query)
}
