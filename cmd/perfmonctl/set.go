package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
	"perfmon/monitor/config"
	"perfmon/xapi"
)

// edit is one run of set or unset.
type edit struct {
	toolstackFlags
	agent  agentFlags // to ask what an object inherits
	file   string
	class  string // of the file
	output string
	dryRun bool
	legacy bool

	variable    string
	assignments map[string]string // nil for unset
}

func newSet() *cobra.Command {
	e := &edit{}
	cmd := &cobra.Command{
		Use:   "set OBJECT VARIABLE [KEY=VALUE...]",
		Short: "change a trigger variable of an object",
		Long: `set changes one variable in the trigger XML of an object, in the toolstack's
other-config:perfmon, and leaves everything else in it as it is. A variable that
is not there is added. The agent, or the stock daemon at its next look, follows.

` + objectHelp + `

The keys are level, period, inhibit, sense, priority, fn, regex, warning_level,
clear_level, clear_period, nodata_period and labels; each stands for a tag of
the variable. Without a value, as in "period=", the tag is removed and its
default counts again.

A variable of the object's own takes the place of one that it inherits, as a
whole. Where the agent says that there is one, set says where that stands, and
with which words the rest of it is kept.

With --file there is no OBJECT: a trigger file is changed instead, as a whole
and at once. One that is not there is made.

Exit codes: 0 done, or nothing to do; 1 wrong words; 2 not done; 3 refused,
because the variable would not be in force, or not as it is written.`,
		Example: `  perfmonctl set vm:web-01 cpu_usage level=0.9 period=300
  perfmonctl set vm:web-01 cpu_usage period= clear_level=0.7
  perfmonctl set host host_load --dry-run
  perfmonctl set --file /etc/perfmon/triggers/host.xml cpu_usage level=0.95`,
		RunE: func(cmd *cobra.Command, args []string) error {
			object, args, err := e.words(args)
			if err != nil {
				return err
			}
			if e.assignments, err = assignments(args); err != nil {
				return err
			}
			return e.run(cmd, object)
		},
	}
	e.flags(cmd)
	e.agent.addSocket(cmd.Flags())
	cmd.ValidArgsFunction = e.complete(settingWords)
	return cmd
}

func newUnset() *cobra.Command {
	e := &edit{}
	cmd := &cobra.Command{
		Use:   "unset OBJECT VARIABLE",
		Short: "remove a trigger variable of an object",
		Long: `unset removes a variable from the trigger XML of an object, in the toolstack's
other-config:perfmon, with what switches it off there, and leaves everything
else in it as it is. What the object inherits under that name counts again.

` + objectHelp + `

With --file there is no OBJECT: a trigger file is changed instead.

Exit codes: 0 done; 1 wrong words; 2 not done; 3 refused, because there is no
such variable, or the XML cannot be read.`,
		Example: `  perfmonctl unset vm:web-01 cpu_usage
  perfmonctl unset --file /etc/perfmon/triggers/host.xml cpu_usage`,
		RunE: func(cmd *cobra.Command, args []string) error {
			object, args, err := e.words(args)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return fmt.Errorf("unexpected argument %q", args[0])
			}
			return e.run(cmd, object)
		},
	}
	e.flags(cmd)
	cmd.ValidArgsFunction = e.complete(nil)
	return cmd
}

func (e *edit) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	verbs.AddOutput(cmd, &e.output)
	f.BoolVar(&e.dryRun, "dry-run", false, "show the change and do not make it")
	f.StringVar(&e.file, "file", "", "change the trigger `FILE`")
	f.StringVar(&e.class, "class", "", "`CLASS` that the file is for, if its name does not say it")
	f.BoolVar(&e.legacy, "legacy", false, "judge the outcome as for perfmon --legacy")
	e.add(f)
	verbs.Offer(cmd, "class", classes...)
}

// complete completes OBJECT and VARIABLE with what the agent has, and then
// the settings.
func (e *edit) complete(settings func(args []string, begun string) []cobra.Completion) cobra.CompletionFunc {
	agent := &agentFlags{socket: api.DefaultSocket}
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		list := []words{objectWords, variableWords}
		if e.file != "" {
			list = nil // what is in it, nobody has read
			args = append([]string{""}, args...)
		}
		if settings != nil && len(args) >= 2 {
			return settings(args, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return arguments(agent, list...)(cmd, args, begun)
	}
}

// words reads OBJECT, unless there is a file, and VARIABLE.
func (e *edit) words(args []string) (object sought, rest []string, err error) {
	if err := verbs.CheckOutput(e.output); err != nil {
		return sought{}, nil, err
	}
	if e.class != "" && (e.file == "" || !slices.Contains(classes, e.class)) {
		return sought{}, nil, fmt.Errorf("--class %q: want vm, host or sr, together with --file", e.class)
	}
	if e.file == "" {
		if len(args) == 0 {
			return sought{}, nil, errors.New("want OBJECT and VARIABLE, or --file FILE and VARIABLE")
		}
		if object, err = parseObject(args[0]); err != nil {
			return sought{}, nil, err
		}
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "" || isAssignment(args[0]) {
		return sought{}, nil, errors.New("want the name of a VARIABLE, such as cpu_usage")
	}
	e.variable = args[0]
	return object, args[1:], nil
}

// isAssignment tells KEY=VALUE from the name of a variable, which may have a =
// in it too.
func isAssignment(word string) bool {
	key, _, ok := strings.Cut(word, "=")
	return ok && slices.Contains(config.SettingKeys(), key)
}

// assignments reads KEY=VALUE words.
func assignments(words []string) (map[string]string, error) {
	keys := config.SettingKeys()
	all := make(map[string]string)
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		_, twice := all[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("unexpected argument %q: want KEY=VALUE, such as level=0.9", word)
		case !slices.Contains(keys, key):
			return nil, fmt.Errorf("%q is no key: want one of %s", key, strings.Join(keys, ", "))
		case twice:
			return nil, fmt.Errorf("two values for %s", key)
		}
		all[key] = value
	}
	return all, nil
}

func (e *edit) run(cmd *cobra.Command, object sought) error {
	if e.file != "" {
		return e.inFile(cmd)
	}
	if object.this {
		uuid, err := e.thisHost()
		if err != nil {
			return verbs.Failed(err)
		}
		object.what = uuid
	}
	ctx, cancel := verbs.Interruptible()
	defer cancel()
	c := e.open()
	defer closeClient(c)
	o, err := object.find(ctx, c, e.explain)
	if err != nil {
		return err
	}
	return e.inToolstack(ctx, cmd, c, o)
}

// inToolstack changes the XML of an object in the toolstack.
func (e *edit) inToolstack(ctx context.Context, cmd *cobra.Command, c *xapi.Client, o xapi.Object) error {
	opts := config.Options{Legacy: e.legacy}
	above, unknown := e.inherits(ctx, o)
	after, err := e.change(config.Layer{Class: o.Class, Text: o.Config}, true)
	if err != nil {
		return verbs.Refused(e.instead(o, err, above, unknown))
	}
	r := report{
		title: fmt.Sprintf("%s %s %q", o.Class, o.UUID, o.Name), origin: config.OwnOrigin, class: o.Class,
		before: o.Config, after: after, problems: config.Check(o.Class, after, opts),
	}
	if !e.dryRun && after != o.Config {
		if err := c.SetConfig(ctx, o, after); err != nil {
			return verbs.Failed(e.notWritten(o, after, err))
		}
	}
	if err := r.print(cmd, e); err != nil {
		return err
	}
	if above != nil {
		fmt.Fprint(e.notes(cmd), above.lost(e.assignments))
	}
	e.hint(cmd, o, after)
	return nil
}

// change makes the new text of a document: an object's own, or a layer.
func (e *edit) change(l config.Layer, own bool) (string, error) {
	opts := config.Options{Legacy: e.legacy}
	switch {
	case own && e.assignments != nil:
		return config.Set(l.Class, l.Text, e.variable, e.assignments, opts)
	case own:
		return config.Unset(l.Text, e.variable)
	case e.assignments != nil:
		return config.SetFile(l, e.variable, e.assignments, opts)
	}
	return config.UnsetFile(l, e.variable)
}

// notes is where advice goes: not among JSON.
func (e *edit) notes(cmd *cobra.Command) io.Writer {
	if e.output == "json" {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// hint names the command with which the toolstack records what a variable
// reads, where that does not go by itself. Whether it has been told already is
// not looked at.
func (e *edit) hint(cmd *cobra.Command, o xapi.Object, text string) {
	if e.assignments == nil {
		return
	}
	c, _ := config.Parse(o.Class, text, config.Options{Legacy: e.legacy})
	for _, v := range c.Variables {
		if v.Name != e.variable {
			continue
		}
		if command, is := config.RecordHint(o.Class, o.UUID, v, nil); is {
			fmt.Fprintf(e.notes(cmd), "unless that has been done, tell the toolstack to record what it reads:\n  %s\n", command)
		}
	}
}

// notWritten says what to do about a write that failed.
func (e *edit) notWritten(o xapi.Object, text string, err error) error {
	var changed *xapi.ConfigChanged
	var lost *xapi.ConfigLost
	switch {
	case errors.As(err, &changed):
		return fmt.Errorf("%w: it is theirs now; run this again to change that", err)
	case errors.As(err, &lost):
		// xe takes the end of a line for the end of a value.
		quoted := "'" + strings.NewReplacer("'", `'\''`, "\r\n", " ", "\n", " ").Replace(text) + "'"
		return fmt.Errorf("%w\nsee whether it is there, and if not, set it:\n  xe %s-param-set uuid=%s other-config:perfmon=%s", err, o.Class, o.UUID, quoted)
	}
	return e.explain(err)
}
