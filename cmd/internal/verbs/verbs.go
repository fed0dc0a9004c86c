// Package verbs is the frame of our programs that are told what to do by a
// verb: how they are put together and run, which exit codes they have, and the
// verbs and flags that each of them has.
package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/plugincode"
)

func init() { cobra.EnableCommandSorting = false } // a setting of the library's own

// Program is a program and its verbs.
type Program struct {
	Name, Version string
	Short, Long   string
	// Args refuses a word that is no verb.
	Args   cobra.PositionalArgs
	Groups []Group // in the order of its help
	Help   string  // the ID of the group in which the verb help stands
}

// Group is verbs that stand together in the help.
type Group struct {
	ID, Title string
	Verbs     []*cobra.Command
}

// Root is the program as a command.
func (p *Program) Root() *cobra.Command {
	root := &cobra.Command{
		Use:           p.Name,
		Short:         p.Short,
		Long:          p.Long,
		Version:       p.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          p.Args,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	// Cobra's, for 80 columns; verbs inherit it.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	root.SetVersionTemplate(p.Name + " {{.Version}}\n")
	for _, g := range p.Groups {
		root.AddGroup(&cobra.Group{ID: g.ID, Title: g.Title})
		for _, verb := range g.Verbs {
			verb.GroupID = g.ID
			root.AddCommand(verb)
		}
	}
	root.SetHelpCommandGroupID(p.Help)
	root.AddCommand(newGenerate(p.Version))
	return root
}

// Run runs a program to its end, says what has gone wrong, and returns the exit
// code.
func Run(root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteC()
	if err == nil {
		return ExitOK
	}
	if plugincode.Wanted(cmd, args) {
		return plugincode.End(stdout, root.Name(), err)
	}
	var coded *Error
	if errors.As(err, &coded) {
		if coded.Err != errTold {
			Tell(cmd, err)
		}
		return coded.Code
	}
	Tell(cmd, fmt.Errorf("%w ('%s --help' says more)", inOurWords(err), cmd.CommandPath()))
	return ExitUsage
}

// kinds are the values that flags of a type take.
var kinds = map[string]string{
	"bool": "true or false", "duration": "a time with its unit, such as 30s", "float64": "a number",
	"int": "a whole number", "int64": "a whole number", "uint": "a whole number from 0 on", "uint64": "a whole number from 0 on",
}

// inOurWords says of a flag's wrong value what is wanted, and not which
// function of Go did not like it.
func inOurWords(err error) error {
	bad := (*pflag.InvalidValueError)(nil)
	if !errors.As(err, &bad) || kinds[bad.GetFlag().Value.Type()] == "" {
		return err
	}
	return fmt.Errorf("--%s %q: want %s", bad.GetFlag().Name, bad.GetValue(), kinds[bad.GetFlag().Value.Type()])
}

// Tell says what has gone wrong.
func Tell(cmd *cobra.Command, err error) {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", cmd.Root().Name(), err)
}

// DidYouMean names the verbs that are near to a word that is none, "" if none
// is.
func DidYouMean(cmd *cobra.Command, word string) string {
	near := cmd.SuggestionsFor(word)
	if len(near) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(near, " or ") + "?"
}

// Interruptible is a context that ends with an interrupt.
func Interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}
