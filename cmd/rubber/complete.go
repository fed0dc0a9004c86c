package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/manual"
	"perfmon/scaling/rubber/api"
)

// completeTimeout is how long somebody who has pressed a key waits at most. If
// rubber cannot be asked, there is nothing to offer.
const completeTimeout = 2 * time.Second

func (a *asking) offered(ctx context.Context, args []string, of func(*api.Status) []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	s, _, err := get[api.Status](ctx, a, "/v1/status", nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return of(&s), cobra.ShellCompDirectiveNoFileComp
}

// profiles completes the name of one.
func (a *asking) profiles(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.offered(cmd.Context(), args, func(s *api.Status) (list []cobra.Completion) {
		for i := range s.Profiles {
			list = append(list, s.Profiles[i].Name)
		}
		return list
	})
}

// machines completes the name of one.
func (a *asking) machines(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.offered(cmd.Context(), args, func(s *api.Status) (list []cobra.Completion) {
		for i := range s.Machines {
			m := &s.Machines[i]
			list = append(list, cobra.CompletionWithDesc(m.Name, m.State+" of "+m.Profile))
		}
		return list
	})
}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "have bash, zsh or fish complete words of rubber",
		Long: `completion prints a script with which a shell completes verbs and flags, and,
by asking the running rubber, profiles and machines. The package installs
them; this is for shells of your own.

  bash  rubber completion bash > /etc/bash_completion.d/rubber
        (it needs the package bash-completion)
  zsh   rubber completion zsh > "${fpath[1]}/_rubber"
  fish  rubber completion fish > ~/.config/fish/completions/rubber.fish`,
		Args:      oneArgument("shell"),
		ValidArgs: manual.Shells(),
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := manual.Completion(cmd.Root(), args[0])
			if err != nil {
				return err // of a shell that it does not know
			}
			return write(cmd.OutOrStdout(), script)
		},
	}
}

// newGenerate is for those who make packages, so no help shows it.
func newGenerate() *cobra.Command {
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
				return failed(err)
			}
			return nil
		},
	}
}
