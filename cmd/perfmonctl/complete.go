package main

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/monitor/api"
	"perfmon/monitor/config"
)

// completeTimeout is how long somebody who has pressed a key waits at most. If
// the agent cannot be asked, there is nothing to offer.
const completeTimeout = 2 * time.Second

// words lists what can stand at a place of the command line, after args.
type words func(ctx context.Context, a *agentFlags, args []string, begun string) []cobra.Completion

// arguments completes positional arguments, the first with the first of the
// words, and so on; the last counts for all that follow if it says so itself.
func arguments(a *agentFlags, list ...words) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(list) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
		defer cancel()
		return list[len(args)](ctx, a, args, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// plainName is a name that needs no quotes in any shell.
var plainName = regexp.MustCompile(`^[\p{L}\p{N}_.@%+][\p{L}\p{N}_.@%+-]*$`)

// objectWords are the names of objects; the uuids of those whose name is no
// word or not theirs alone, and of all once a uuid has been begun.
func objectWords(ctx context.Context, a *agentFlags, _ []string, begun string) []cobra.Completion {
	all, _, err := get[api.Objects](ctx, a, "/v1/objects", nil)
	if err != nil {
		return nil
	}
	names := map[string]int{}
	for _, o := range all.Objects {
		names[o.Name]++
	}
	class, rest, with := strings.Cut(begun, ":")
	if !with {
		class, rest = "", begun
	} else {
		class += ":"
	}
	var list []cobra.Completion
	if !with && strings.HasPrefix(config.ClassHost, begun) {
		list = append(list, cobra.CompletionWithDesc(config.ClassHost, "this host"))
	}
	for _, o := range all.Objects {
		if with && o.Class+":" != class {
			continue
		}
		about := o.Class + " " + o.UUID
		byUUID := rest != "" && partUUID.MatchString(rest) && strings.HasPrefix(o.UUID, rest)
		switch {
		case names[o.Name] == 1 && plainName.MatchString(o.Name) && !byUUID:
			list = append(list, cobra.CompletionWithDesc(class+o.Name, about))
		case byUUID || rest == "":
			list = append(list, cobra.CompletionWithDesc(class+o.UUID, o.Class+" "+printable(o.Name)))
		}
	}
	return begunSo(list, begun)
}

// variableWords are the variables of the object that the first argument names.
func variableWords(ctx context.Context, a *agentFlags, args []string, begun string) []cobra.Completion {
	all, _, err := get[api.Variables](ctx, a, "/v1/variables", url.Values{"object": {args[0]}})
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for i := range all.Variables {
		v := &all.Variables[i]
		list = append(list, cobra.CompletionWithDesc(v.Variable, v.State+", "+levelText(v.Level, v.Sense, nil, "")))
	}
	return begunSo(list, begun)
}

// silenceWords are the ids of silences.
func silenceWords(ctx context.Context, a *agentFlags, _ []string, begun string) []cobra.Completion {
	all, _, err := get[api.Silences](ctx, a, "/v1/silences", nil)
	if err != nil {
		return nil
	}
	var list []cobra.Completion
	for i := range all.Silences {
		s := &all.Silences[i]
		list = append(list, cobra.CompletionWithDesc(s.ID, printable(matchers(s)+": "+s.Reason)))
	}
	return begunSo(list, begun)
}

// matcherWords are the beginnings of matchers.
func matcherWords(begun string) []cobra.Completion {
	return begunSo([]cobra.Completion{"class=vm", "class=host", "class=sr", "uuid=", "variable=", "label."}, begun)
}

// settingWords are the keys of set.
func settingWords(args []string, begun string) []cobra.Completion {
	var list []cobra.Completion
	for _, key := range config.SettingKeys() {
		if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, key+"=") }) {
			list = append(list, key+"=")
		}
	}
	return begunSo(list, begun)
}

// begunSo keeps what begins as what was typed. A description stands behind a
// tab, in which nothing may end the line.
func begunSo(list []cobra.Completion, begun string) []cobra.Completion {
	list = slices.DeleteFunc(list, func(c cobra.Completion) bool { return !strings.HasPrefix(c, begun) })
	for i, c := range list {
		list[i] = strings.ReplaceAll(c, "\n", " ")
	}
	return list
}
