package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/tui"
	"perfmon/cmd/internal/verbs"
	"perfmon/cmd/rubber/top"
	"perfmon/scaling/rubber/api"
)

func newTop() *cobra.Command {
	a := &asking{}
	o := top.Options{}
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "a live view of queues, machines and decisions",
		Long: `top shows on a terminal what the running rubber sees and does, as it changes:
the profiles with demand and capacity of the last turns, the machines, those
in trouble first, the decisions, and one profile in detail, with plots and the
reasons. ? lists the keys, q ends it. When rubber is restarted, top waits for
it.

With --once it prints one plain frame with all rows, and ends; with --output
json as well, rubber's answer to GET /v1/status.

Exit codes: 0 done, 1 wrong words, 2 rubber could not be asked, or there is no
terminal, or it has less than 60 by 16 cells.`,
		Example: `  rubber top
  rubber top --filter tiles
  rubber top --once | head -n 20`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			if err := o.CheckFlags(a.output, once); err != nil {
				return err
			}
			ctx, stop := verbs.Interruptible()
			defer stop()
			err := a.top(ctx, cmd.OutOrStdout(), o, once)
			if err != nil && ctx.Err() != nil {
				return verbs.ErrInterrupted
			}
			return err
		},
	}
	a.add(cmd)
	cmd.Flags().StringVar(&o.Filter, "filter", "", "show those alone whose name, queue or host has this `TEXT` in it")
	o.AddFlags(cmd.Flags(), &once)
	return cmd
}

// top shows the live view, or one frame. A rubber that is not there at the
// beginning is an error; one that goes away later is waited for.
func (a *asking) top(ctx context.Context, out io.Writer, o top.Options, once bool) error {
	o.Server = a
	if !once {
		if err := tui.CanShow("rubber", out); err != nil {
			return verbs.Failed(err)
		}
	}
	_, answer, err := get[api.Status](ctx, a, "/v1/status", nil)
	switch {
	case err != nil:
		return err
	case once && a.output == "json":
		return verbs.Write(out, string(answer))
	case once:
		o.Width, _ = console.Terminal(out)
		return verbs.Asked(top.Once(ctx, out, o))
	}
	_, o.Color = console.Terminal(out)
	o.Output = out
	return verbs.Asked(top.Run(ctx, o))
}
