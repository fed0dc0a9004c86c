package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

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
