package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/manual"
)

func newCompletion() *cobra.Command {
	shells := manual.Shells()
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "have bash, zsh or fish complete words of perfmonctl",
		Long: `completion prints a script with which a shell completes verbs and flags, and, by
asking the running agent, objects, variables and silences. The package installs
them; this is for shells of your own.

  bash  perfmonctl completion bash > /etc/bash_completion.d/perfmonctl
        (it needs the package bash-completion)
  zsh   perfmonctl completion zsh > "${fpath[1]}/_perfmonctl"
  fish  perfmonctl completion fish > ~/.config/fish/completions/perfmonctl.fish`,
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
				return failed(err)
			}
			return write(cmd.OutOrStdout(), script)
		},
	}
}
