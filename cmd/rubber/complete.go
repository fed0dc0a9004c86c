package main

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"perfmon/scaling/rubber/api"
)

// completeTimeout is how long somebody who has pressed a key waits at most. If
// rubber cannot be asked, there is nothing to offer.
const completeTimeout = 2 * time.Second

// mostOffered is how many machines are offered at most: who sees that many types
// on.
const mostOffered = 200

// offered is what of an answer completes the first argument.
func offered[T any](ctx context.Context, a *asking, args []string, path string, query url.Values, of func(*T) []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	answer, _, err := get[T](ctx, a, path, query)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return of(&answer), cobra.ShellCompDirectiveNoFileComp
}

// profiles completes the name of one.
func (a *asking) profiles(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return offered(cmd.Context(), a, args, "/v1/status", url.Values{"machines": {"0"}}, func(s *api.Status) (list []cobra.Completion) {
		for i := range s.Profiles {
			list = append(list, s.Profiles[i].Name)
		}
		return list
	})
}

// machines completes the name of one.
func (a *asking) machines(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	query := url.Values{"by": {"name"}, "text": {typed}, "n": {strconv.Itoa(mostOffered)}}
	return offered(cmd.Context(), a, args, "/v1/machines", query, func(answer *api.Machines) (list []cobra.Completion) {
		for i := range answer.Machines {
			m := &answer.Machines[i]
			list = append(list, cobra.CompletionWithDesc(m.Name, m.State+" of "+m.Profile))
		}
		return list
	})
}
