package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// verbs are what perfmonctl can do, in the order of its help.
func verbs() []group {
	return []group{
		{"watch", "Watch:", []*cobra.Command{newStatus(), newObjects(), newAlarms(), newHistory(), newTop()}},
		{"ask", "Ask why:", []*cobra.Command{newExplain(), newConfig()}},
		{"change", "Change:", []*cobra.Command{newSet(), newUnset(), newSilence(), newRefresh()}},
		{"try", "Try before trusting:", []*cobra.Command{newCheck(), newTest(), newReplay(), newDump()}},
		{"install", "Install and get help:", []*cobra.Command{newTakeover(), newSupportBundle(), newVersion(), newCompletion()}},
	}
}

func init() { cobra.EnableCommandSorting = false } // a setting of the library's own

// group is verbs that stand together in the help.
type group struct {
	id, title string
	verbs     []*cobra.Command
}

// rootHelp is the help of perfmonctl without a verb. The exit codes are those
// of main.go.
const rootHelp = `perfmonctl is the operator's tool beside perfmon, the host performance agent.

Exit codes of all verbs:
  0  done
  1  wrong words on the command line
  2  it could not be done: the agent could not be asked, a file not be read
  3  it was refused or found wrong: no such object, or two; a failed test
  130  it was broken off with Ctrl-C, which ends alarms --watch with 0
With --exit-code, status and alarms have those of a monitoring plugin instead.`

// addVerbs adds them, in their groups.
func addVerbs(root *cobra.Command) {
	for _, g := range verbs() {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
			root.AddCommand(verb)
		}
	}
	root.SetHelpCommandGroupID("install")
	root.AddCommand(newGenerate())
}

// usageTemplate is cobra's, for 80 columns.
func usageTemplate(root *cobra.Command) string {
	return strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 ")
}
