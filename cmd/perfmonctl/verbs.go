package main

import (
	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
)

// newRoot is perfmonctl with what it can do, in the order of its help.
func newRoot() *cobra.Command {
	return (&verbs.Program{
		Name: "perfmonctl", Version: version, Short: "watch alarms, ask why they came, and change what is watched", Long: rootHelp,
		Args: aVerb, Help: "install",
		Groups: []verbs.Group{
			{ID: "watch", Title: "Watch:", Verbs: []*cobra.Command{newStatus(), newObjects(), newAlarms(), newHistory(), newTop()}},
			{ID: "ask", Title: "Ask why:", Verbs: []*cobra.Command{newExplain(), newConfig()}},
			{ID: "change", Title: "Change:", Verbs: []*cobra.Command{newSet(), newUnset(), newSilence(), newRefresh()}},
			{ID: "try", Title: "Try before trusting:", Verbs: []*cobra.Command{newCheck(), newTest(), newReplay(), newDump()}},
			{ID: "install", Title: "Install and get help:", Verbs: []*cobra.Command{newTakeover(), newSupportBundle(), newVersion(), verbs.NewCompletion("perfmonctl", completionHelp)}},
		},
	}).Root()
}

// rootHelp is the help of perfmonctl without a verb. The exit codes are those
// of package verbs.
const rootHelp = `perfmonctl is the operator's tool beside perfmon, the host performance agent.

Exit codes of all verbs:
  0  done
  1  wrong words on the command line
  2  it could not be done: the agent could not be asked, a file not be read
  3  it was refused or found wrong: no such object, or two; a failed test
  130  it was broken off with Ctrl-C, which ends alarms --watch with 0
With --exit-code, status and alarms have those of a monitoring plugin instead.`

const completionHelp = `completion prints a script with which a shell completes verbs and flags, and, by
asking the running agent, objects, variables and silences. The package installs
them; this is for shells of your own.`
