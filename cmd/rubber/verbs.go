package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// verbs are what rubber can do, in the order of its help.
func verbs() []group {
	return []group{
		{"watch", "Watch:", []*cobra.Command{newStatus(), newTop(), newDecisions()}},
		{"ask", "Ask why:", []*cobra.Command{newExplain(), newPlan()}},
		{"change", "Change:", []*cobra.Command{newPause(), newResume(), newDrain()}},
		{"try", "Try before trusting:", []*cobra.Command{newCheck(), newSimulate(), newImportConfig()}},
		{"run", "Run and install:", []*cobra.Command{newServe(), newVersion(), newCompletion()}},
	}
}

func init() { cobra.EnableCommandSorting = false } // a setting of the library's own

// group is verbs that stand together in the help.
type group struct {
	id, title string
	verbs     []*cobra.Command
}

// rootHelp is the help of rubber without a verb. The exit codes are those of
// main.go.
const rootHelp = `rubber watches job queues, the workers that serve them and the alarms of the
hosts, and starts, drains and deletes worker machines.

Exit codes of all verbs:
  0  done
  1  wrong words on the command line
  2  it could not be done: rubber could not be asked, a file not be read
  3  it was refused or found wrong: no such machine, a bad configuration
  130  it was broken off with Ctrl-C, which ends decisions --watch with 0
With --exit-code, status has those of a monitoring plugin instead.`

// addVerbs adds them, in their groups.
func addVerbs(root *cobra.Command) {
	for _, g := range verbs() {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
			root.AddCommand(verb)
		}
	}
	root.SetHelpCommandGroupID("run")
	root.AddCommand(newGenerate())
}

// usageTemplate is cobra's, for 80 columns.
func usageTemplate(root *cobra.Command) string {
	return strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 ")
}

// aVerb refuses a word that is no verb, and names those that are near.
func aVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no verb %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("%s", text)
}
