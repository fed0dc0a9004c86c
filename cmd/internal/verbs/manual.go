package verbs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/manual"
)

// NewCompletion is the verb that prints what has a shell complete the words of a
// program. The text says what is completed.
func NewCompletion(program, text string) *cobra.Command {
	shells := manual.Shells()
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "have bash, zsh or fish complete words of " + program,
		Long: text + strings.ReplaceAll(`

  bash  PROGRAM completion bash > /etc/bash_completion.d/PROGRAM
        (it needs the package bash-completion)
  zsh   PROGRAM completion zsh > "${fpath[1]}/_PROGRAM"
  fish  PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish`, "PROGRAM", program),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("for which shell? Want %s", strings.Join(shells, ", "))
			}
			return nil
		},
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return fmt.Errorf("there is no completion for %q: want %s", args[0], strings.Join(shells, ", "))
			}
			script, err := manual.Completion(cmd.Root(), args[0])
			if err != nil {
				return Failed(err)
			}
			return Write(cmd.OutOrStdout(), script)
		},
	}
}

// newGenerate is for those who make packages, so no help shows it.
func newGenerate(version string) *cobra.Command {
	return &cobra.Command{
		Use:    "generate DIR",
		Short:  "write manual pages and completions into a directory",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := manual.Date()
			if err != nil {
				return err
			}
			if err := manual.Write(cmd.Root(), args[0], date, version); err != nil {
				return Failed(err)
			}
			return nil
		},
	}
}
