package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

func newPause() *cobra.Command {
	a := &asking{}
	var off bool
	cmd := &cobra.Command{
		Use:   "pause REASON...",
		Short: "leave every machine as it is, until resume",
		Long: `pause has rubber start, wake, let go and delete nothing until resume. What was
on its way stays where it is: a machine that is being let go keeps its tasks
and gets no new ones. Rubber goes on looking and planning. A pause outlives a
restart.

The reason is for the others: status and the page show it.

` + askHelp,
		Example: `  rubber pause network maintenance until 14:00
  rubber pause --off              # the same as rubber resume`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			reason := strings.Join(args, " ")
			if off {
				return a.resume(cmd, reason)
			}
			if strings.TrimSpace(reason) == "" {
				return errors.New("why? Give the reason, for the others: rubber pause REASON")
			}
			return a.change(cmd, "/v1/pause", reason, func(s *api.Status) string {
				return "scaling is paused: " + s.Reason + "\nrubber resume ends that\n"
			})
		},
	}
	a.add(cmd)
	cmd.Flags().BoolVar(&off, "off", false, "end a pause, as resume does")
	return cmd
}

func newResume() *cobra.Command {
	a := &asking{}
	var cloud string
	cmd := &cobra.Command{
		Use:   "resume [REASON...]",
		Short: "end a pause, or take a cloud over from another rubber",
		Long: `resume ends a pause: plans are carried out again.

--take-over is for a cloud in which another rubber of the same owner, with
another store, has made machines: status says so. Say it when that one has been
stopped for good, and not before: every machine of this owner that is there now
becomes this rubber's, and what it does not need it lets go. A pause stays.

` + askHelp,
		Example: `  rubber resume
  rubber resume --take-over nova the old host is off`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			reason := strings.Join(args, " ")
			if cmd.Flags().Changed("take-over") {
				return a.takeOver(cmd, cloud, reason)
			}
			return a.resume(cmd, reason)
		},
	}
	a.add(cmd)
	cmd.Flags().StringVar(&cloud, "take-over", "", "the other rubber of `CLOUD` is no more: its machines are ours")
	return cmd
}

// takeOver has the machines of another rubber be ours.
func (a *asking) takeOver(cmd *cobra.Command, cloud, reason string) error {
	if cloud == "" {
		return errors.New("which cloud? rubber status names it: rubber resume --take-over CLOUD")
	}
	if strings.TrimSpace(reason) == "" {
		reason = "an operator says so"
	}
	return a.change(cmd, "/v1/clouds/"+url.PathEscape(cloud)+"/take-over", reason, func(s *api.Status) string {
		text := "the machines in " + cloud + " are taken over with its next list\n"
		if s.Paused {
			text += "scaling is paused, so nothing else is done until rubber resume\n"
		}
		return text
	})
}

func (a *asking) resume(cmd *cobra.Command, reason string) error {
	if strings.TrimSpace(reason) == "" {
		reason = "an operator says so"
	}
	return a.change(cmd, "/v1/resume", reason, func(*api.Status) string { return "scaling goes on\n" })
}

// change has something done, and says what has come of it.
func (a *asking) change(cmd *cobra.Command, path, reason string, done func(*api.Status) string) error {
	if err := verbs.CheckOutput(a.output); err != nil {
		return err
	}
	s, answer, err := a.post(cmd.Context(), path, reason)
	if err != nil {
		return err
	}
	return a.print(cmd, answer, func(console.Screen) string { return done(s) })
}

func newDrain() *cobra.Command {
	a := &asking{}
	var undo, force, protect, unprotect bool
	var reason string
	cmd := &cobra.Command{
		Use:   "drain MACHINE",
		Short: "let one machine go, take that back, or keep it",
		Long: `drain lets a machine go for good: its workers take no new task, end those that
they have, and then it is deleted. MACHINE is its name, its intent or its id
in the cloud.

--undo takes that back, as long as its workers were not told to end. --protect
has plans leave a machine as it is, --unprotect ends that. --force deletes a
machine whatever it does: its tasks are killed. It is for one that cannot be
drained.

` + askHelp,
		Example: `  rubber drain tiles-0e7c2c8e6f --reason "its disk is slow"
  rubber drain tiles-0e7c2c8e6f --undo
  rubber drain tiles-0e7c2c8e6f --protect --reason "a debugger is on it"`,
		Args:              oneArgument("machine"),
		ValidArgsFunction: a.machines,
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, said := "drain", "is let go"
			given := 0
			for _, one := range []struct {
				on         bool
				verb, said string
			}{{undo, "undo", "takes work again"}, {force, "force", "is deleted, whatever it does"}, {protect, "protect", "is left alone by plans"}, {unprotect, "protect", "may be let go by plans again"}} {
				if one.on {
					given++
					verb, said = one.verb, one.said
				}
			}
			if given > 1 {
				return errors.New("want one of --undo, --force, --protect and --unprotect")
			}
			switch {
			case unprotect && reason != "":
				return errors.New("--unprotect needs no --reason")
			case !unprotect && strings.TrimSpace(reason) == "":
				reason = "an operator says so"
			}
			return a.change(cmd, "/v1/machines/"+args[0]+"/"+verb, reason, func(s *api.Status) string {
				text := fmt.Sprintf("%s %s%s", args[0], said, busyText(s, args[0], verb))
				if s.Paused && (verb == "drain" || verb == "force") {
					text += "; scaling is paused, so this waits for rubber resume"
				}
				return text + "\n"
			})
		},
	}
	a.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&undo, "undo", false, "have it take work again")
	f.BoolVar(&force, "force", false, "delete it at once; its tasks are killed")
	f.BoolVar(&protect, "protect", false, "have plans leave it as it is")
	f.BoolVar(&unprotect, "unprotect", false, "have plans let it go again, if they like")
	f.StringVar(&reason, "reason", "", "`TEXT` that status and decisions show")
	return cmd
}

// busyText says how much a machine that is let go still has to do.
func busyText(s *api.Status, machine, verb string) string {
	for i := range s.Machines {
		m := &s.Machines[i]
		if verb != "drain" || m.Name != machine && m.Intent != machine && m.ID != machine {
			continue
		}
		if m.Busy != nil && *m.Busy > 0 {
			return fmt.Sprintf(": it has %s to end first", count(*m.Busy, "task"))
		}
		return ": its state is " + m.State
	}
	return ""
}
