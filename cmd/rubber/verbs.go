package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
)

// newRoot is rubber with what it can do, in the order of its help.
func newRoot() *cobra.Command {
	root := (&verbs.Program{
		Name: "rubber", Version: version, Short: "as many workers as the work needs, where the hosts can bear them", Long: rootHelp,
		Args: aVerb, Help: "run",
		Groups: []verbs.Group{
			{ID: "watch", Title: "Watch:", Verbs: []*cobra.Command{newStatus(), newTop(), newDecisions()}},
			{ID: "ask", Title: "Ask why:", Verbs: []*cobra.Command{newExplain(), newPlan()}},
			{ID: "change", Title: "Change:", Verbs: []*cobra.Command{newPause(), newResume(), newDrain()}},
			{ID: "try", Title: "Try before trusting:", Verbs: []*cobra.Command{newDemo(), newSimulate(), newCheck(), newImportConfig()}},
			{ID: "run", Title: "Run and install:", Verbs: []*cobra.Command{newServe(), newVersion(), verbs.NewCompletion("rubber", completionHelp)}},
		},
	}).Root()
	root.AddCommand(newDemoWorker())
	return root
}

// rootHelp is the help of rubber without a verb. The exit codes are those of
// package verbs.
const rootHelp = `rubber watches job queues, the workers that serve them and the alarms of the
hosts, and starts, drains and deletes worker machines.

Exit codes of all verbs:
  0  done
  1  wrong words on the command line
  2  it could not be done: rubber could not be asked, a file not be read
  3  it was refused or found wrong: no such machine, a bad configuration
  130  it was broken off with Ctrl-C, which ends decisions --watch with 0
With --exit-code, status has those of a monitoring plugin instead.`

const completionHelp = `completion prints a script with which a shell completes verbs and flags, and,
by asking the running rubber, profiles and machines. The package installs
them; this is for shells of your own.`

// aVerb refuses a word that is no verb, and names those that are near.
func aVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("there is no verb %q%s", args[0], verbs.DidYouMean(cmd, args[0]))
}
