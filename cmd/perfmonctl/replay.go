package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/monitor/replay"
	"perfmon/rrd"
	"perfmon/xapi"
)

func newReplay() *cobra.Command {
	r := &replayer{}
	cmd := &cobra.Command{
		Use:   "replay --config X.xml (--xapi | --file DOC...)",
		Short: "what trigger XML would have raised over recorded history",
		Long: `replay runs trigger XML over rows that were recorded, with the agent's own code,
and prints what it would have said, and plots of the values with the level drawn
in. The agent's state is not touched, and nothing is sent.

Rows come from documents: answers to GET /rrd_updates of any archive, and full
RRDs as GET /host_rrd, /vm_rrd and /sr_rrd send them, XML or JSON, gzipped or
not. They are merged by time. The finest rows that cover a time are judged: 5 s
for the last ten minutes, 60 s for two hours, an hour for a week, a day for a
year. A coarse row is the average of its time, so a short peak is not in it.

A full RRD does not say whose it is: name the object with --object, or put its
uuid into the file's name. With --xapi the full RRDs are asked of this host's
toolstack, of all its VMs if --object is not given.

OBJECT is a uuid; with --xapi it may be the beginning of one, or a name, with
vm:, host: or sr: before it if you like. "host" is this host.

What no row has (fs_usage, log_fs_usage, mem_usage) has no history.

Exit codes: 0 done, 1 wrong flags, 2 rows could not be read, 3 the XML is wrong,
or there is no such object, or more than one.`,
		Example: `  perfmonctl replay --config vm.xml --xapi --object web-01
  curl -s --unix-socket /var/lib/xcp/xcp-rrdd \
    'http://localhost/rrd_updates?start=-7200&interval=60&cf=AVERAGE' > rows.xml
  perfmonctl replay --config vm.xml --file rows.xml`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&r.config, "config", "", "`FILE` of trigger XML, an object's own or a trigger file")
	f.StringVar(&r.class, "class", "", "`CLASS` of the objects: vm, host or sr (default: from the file's name)")
	f.StringVar(&r.object, "object", "", "the one `OBJECT` to look at")
	f.StringSliceVar(&r.tags, "tag", nil, "`TAG` of the objects, for a trigger file that goes by tags")
	f.StringArrayVar(&r.files, "file", nil, "`DOC` with rows; may be given several times")
	f.BoolVar(&r.fromXAPI, "xapi", false, "ask this host's toolstack for the rows")
	verbs.AddOutput(cmd, &r.output)
	f.BoolVar(&r.plots, "plot", true, "draw plots below the table")
	f.DurationVar(&r.last, "last", 0, "plot and judge the last `TIME` alone, such as 24h (default: all)")
	f.BoolVar(&r.legacy, "legacy", false, "as perfmon --legacy reads the XML")
	f.StringVar(&r.xapi.XAPISocket, "xapi-socket", xapi.DefaultXAPISocket, "`PATH` of xapi's unix socket")
	f.StringVar(&r.xapi.RRDDSocket, "rrdd-socket", xapi.DefaultRRDDSocket, "`PATH` of xcp-rrdd's unix socket")
	f.StringVar(&r.xapi.HTTPAddr, "xapi-http", xapi.DefaultHTTPAddr, "`ADDR` of xapi's HTTP port")
	return cmd
}

// replayer is one call of replay.
type replayer struct {
	config, class, object, output string
	tags, files                   []string
	fromXAPI, legacy, plots       bool
	last                          time.Duration
	xapi                          xapi.Options

	sought  sought // what object says
	rule    *replay.Rule
	history *replay.History
	tell    *progress
}

func (r *replayer) run(cmd *cobra.Command) error {
	if err := r.checkFlags(); err != nil {
		return err
	}
	if err := r.readRule(cmd); err != nil {
		return err
	}
	r.tell = newProgress(cmd.ErrOrStderr())
	defer r.tell.Done()
	r.history = replay.NewHistory(func(o monitor.Object, name string) bool {
		// What an SR asks of hosts is looked for on the host.
		mine := r.object == "" || o.UUID == r.object || o.Class != r.class
		return mine && r.rule.Wants(o, name)
	})
	var err error
	if r.fromXAPI {
		ctx, stop := verbs.Interruptible() // so that the session is ended
		defer stop()
		cmd.SetContext(ctx)
		err = r.readXAPI(cmd)
	} else {
		err = r.readFiles(cmd)
	}
	var coded *verbs.Error
	switch {
	case cmd.Context().Err() != nil:
		return verbs.ErrInterrupted
	case errors.As(err, &coded):
		return err
	case err != nil:
		return verbs.Failed(err)
	}
	outcomes, err := r.replay(cmd)
	if cmd.Context().Err() != nil {
		return verbs.ErrInterrupted
	}
	if err != nil {
		return verbs.Failed(err)
	}
	r.tell.Done()
	return r.write(cmd.OutOrStdout(), outcomes)
}

func (r *replayer) checkFlags() error {
	switch {
	case r.config == "":
		return errors.New("no trigger XML: want --config FILE")
	case r.fromXAPI == (len(r.files) > 0):
		return errors.New("no rows: want --xapi, or --file DOC")
	case verbs.CheckOutput(r.output) != nil:
		return verbs.CheckOutput(r.output)
	case r.last < 0:
		return fmt.Errorf("--last %s: want a length of time, such as 24h", r.last)
	}
	if r.class == "" {
		if r.class = classOf(r.config); r.class == "" {
			return fmt.Errorf("%s: the name does not say of which class it is: want --class vm, host or sr", nameOf(r.config))
		}
	}
	if !slices.Contains([]string{rrd.ClassVM, rrd.ClassHost, rrd.ClassSR}, r.class) {
		return fmt.Errorf("--class %q: want vm, host or sr", r.class)
	}
	return r.checkObject()
}

// checkObject reads --object.
func (r *replayer) checkObject() error {
	if r.object == "" {
		return nil
	}
	var err error
	if r.sought, err = parseObject(r.object); err != nil {
		return fmt.Errorf("--object: %w", err)
	}
	if len(r.sought.classes) > 1 {
		r.sought.classes = []string{r.class}
	}
	uuid := strings.ToLower(r.sought.what)
	switch {
	case r.sought.classes[0] != r.class:
		return fmt.Errorf("--object %q: the XML is for objects of the class %s", r.object, r.class)
	case r.sought.this:
		r.object = "" // there are rows of no other host
	case wholeUUID.MatchString(uuid):
		r.object = uuid
	case !r.fromXAPI:
		return fmt.Errorf("--object %q: rows in a file have no names: want the whole uuid, or ask the toolstack with --xapi", r.object)
	}
	return nil
}

// readRule reads the trigger XML, and says what is wrong with it.
func (r *replayer) readRule(cmd *cobra.Command) error {
	in, err := openInput(cmd, r.config)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxTriggerFile))
	if err != nil {
		return verbs.Failed(fmt.Errorf("%s: %w", nameOf(r.config), err))
	}
	rule, problems := replay.NewRule(r.class, string(text), r.tags, config.Options{Legacy: r.legacy})
	for _, p := range problems {
		if rule == nil || p.Severity != config.Warning {
			fmt.Fprintln(cmd.ErrOrStderr(), p.Format(nameOf(r.config)))
		}
	}
	switch {
	case rule == nil:
		return verbs.Ended(verbs.ExitProblem)
	case rule.Variables() == 0:
		return verbs.Refused(fmt.Errorf("%s: no variable of a %s in it", nameOf(r.config), r.class))
	}
	if names := rule.Unrecorded(); len(names) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "perfmonctl: no row has %s: nothing can be said of it\n", strings.Join(names, ", "))
	}
	r.rule = rule
	return nil
}

// replay tries the rule on every object that has rows.
func (r *replayer) replay(cmd *cobra.Command) ([]*replay.Outcome, error) {
	objects := r.history.Objects(r.class)
	if len(objects) == 0 {
		return nil, fmt.Errorf("no %s in these rows has a data source that the XML measures", r.class)
	}
	if r.last > 0 {
		r.history.Last(int64(r.last / time.Second))
	}
	var outcomes []*replay.Outcome
	for i, o := range objects {
		r.tell.Say("replay", i, len(objects))
		x, err := r.rule.Run(cmd.Context(), r.history, o)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, x)
	}
	return outcomes, nil
}

func (r *replayer) write(out io.Writer, outcomes []*replay.Outcome) error {
	buffered := bufio.NewWriter(out)
	var err error
	if r.output == "json" {
		err = replay.WriteJSON(buffered, outcomes)
	} else {
		width, color := terminal(out)
		err = replay.WriteTable(buffered, outcomes, replay.WriteOptions{
			PlotOptions: replay.PlotOptions{Width: width, Height: 10, Color: color, Location: time.Local}, Plots: r.plots,
		})
	}
	if flushErr := buffered.Flush(); flushErr != nil {
		return verbs.Failed(fmt.Errorf("write output: %w", flushErr))
	}
	if err != nil {
		return verbs.Failed(err)
	}
	return nil
}
