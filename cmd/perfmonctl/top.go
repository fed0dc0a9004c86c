package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

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

With --once it prints one plain frame with all rows, and ends.

Exit codes: 0 done, 1 wrong words, 2 the agent could not be asked, or there is
no terminal, or it has less than 60×16 cells.`,
		Example: `  perfmonctl top
  perfmonctl top --sort alarms --filter web
  perfmonctl top --once | head -n 20`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Frames < 1 || o.Frames > maxFrames {
				return fmt.Errorf("--frames %d: want 1 to %d", o.Frames, maxFrames)
			}
			ctx, stop := interruptible()
			defer stop()
			o.Agent = asker{a}
			if once {
				o.Width, _ = terminal(cmd.OutOrStdout())
				return topError(top.Once(ctx, cmd.OutOrStdout(), o))
			}
			return topError(a.top(ctx, cmd.OutOrStdout(), o))
		},
	}
	a.addSocket(cmd.Flags())
	cmd.Flags().StringVar(&o.Sort, "sort", top.SortKeys()[0], "sort by `WHAT`: "+strings.Join(top.SortKeys(), ", "))
	cmd.Flags().StringVar(&o.Filter, "filter", "", "show those alone whose name has this `TEXT` in it")
	cmd.Flags().IntVar(&o.Frames, "frames", top.DefaultFrames, "draw at most `N` frames a second")
	cmd.Flags().BoolVar(&once, "once", false, "print one plain frame, and end")
	offer(cmd, "sort", top.SortKeys()...)
	return cmd
}

// maxFrames is how many frames a second can be asked for.
const maxFrames = 30

// top shows the live view. An agent that is not there at the beginning is an
// error; one that goes away later is waited for.
func (a *agentFlags) top(ctx context.Context, out io.Writer, o top.Options) error {
	size := sizeOf(out)
	if size == nil {
		return failed(errors.New("top needs a terminal: print one frame with --once, or ask perfmonctl status"))
	}
	if why := top.TooSmall(int(size.Col), int(size.Row)); why != "" {
		return failed(fmt.Errorf("the terminal is %s: make it larger, or print one frame with --once", why))
	}
	if name := os.Getenv("TERM"); name == "" || name == "dumb" {
		return failed(fmt.Errorf("top needs a terminal that can move its cursor, and TERM is %q: print one frame with --once", name))
	}
	if err := o.Agent.Get(ctx, "/v1/status", nil, &api.Status{}); err != nil {
		return err
	}
	_, o.Color = terminal(out)
	o.Output = out
	return top.Run(ctx, o)
}

// topError gives an error an exit code, if it has none. Wrong words are told
// apart by having come to no work.
func topError(err error) error {
	var coded *codeError
	var words *top.WordError
	if err == nil || errors.As(err, &coded) || errors.As(err, &words) {
		return err
	}
	return failed(err)
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
