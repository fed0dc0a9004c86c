package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/config"
)

// report is what set and unset say of a change.
type report struct {
	title         string // of what is changed
	origin        string // of its text, for a place in it
	class         string
	before, after string
	problems      []config.Problem // of after
}

// print says what changes, and what is to be said of the outcome.
func (r report) print(cmd *cobra.Command, e *edit) error {
	if e.output == "json" {
		return r.asJSON(cmd, e)
	}
	var out strings.Builder
	switch {
	case r.after == r.before:
		fmt.Fprintf(&out, "%s: %s is so already\n", r.title, e.variable)
	case e.dryRun:
		out.WriteString(diff(r.title, r.before, r.after))
	default:
		r.changes(&out, e)
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), out.String()); err != nil {
		return verbs.Failed(fmt.Errorf("write output: %w", err))
	}
	for _, p := range r.problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p.Format(r.origin))
	}
	return nil
}

// edited is what perfmonctl set and unset --output json print.
type edited struct {
	What     string            `json:"what"` // vm, host or sr, its uuid and name; or a file
	Variable string            `json:"variable"`
	Changed  bool              `json:"changed"` // false: it was so already
	DryRun   bool              `json:"dry_run"` // true: it was not done
	Before   map[string]string `json:"before"`  // the variable's settings as they are written; null for no such variable
	After    map[string]string `json:"after"`
	XML      string            `json:"xml"` // the whole text, as it is then
	Problems []string          `json:"problems"`
}

func (r report) asJSON(cmd *cobra.Command, e *edit) error {
	opts := config.Options{Legacy: e.legacy}
	out := edited{
		What: r.title, Variable: e.variable, Changed: r.after != r.before, DryRun: e.dryRun, XML: r.after, Problems: []string{},
		Before: config.Settings(r.class, r.before, e.variable, opts), After: config.Settings(r.class, r.after, e.variable, opts),
	}
	for _, p := range r.problems {
		out.Problems = append(out.Problems, p.Format(r.origin))
	}
	return writeJSON(cmd.OutOrStdout(), out)
}

// changes lists the settings of the variable that change.
func (r report) changes(out *strings.Builder, e *edit) {
	opts := config.Options{Legacy: e.legacy}
	old := config.Settings(r.class, r.before, e.variable, opts)
	now := config.Settings(r.class, r.after, e.variable, opts)
	switch {
	case old == nil && now == nil:
		fmt.Fprintf(out, "%s: %s is no longer switched off\n", r.title, e.variable)
	case old == nil:
		fmt.Fprintf(out, "%s: %s is new\n", r.title, e.variable)
	case now == nil:
		fmt.Fprintf(out, "%s: %s is removed\n", r.title, e.variable)
	default:
		fmt.Fprintf(out, "%s: %s\n", r.title, e.variable)
	}
	for _, key := range config.SettingKeys() {
		a, was := old[key]
		b, is := now[key]
		switch {
		case was && is && a != b:
			fmt.Fprintf(out, "  %s: %s -> %s\n", key, a, b)
		case was && !is && now != nil:
			fmt.Fprintf(out, "  %s: %s -> default\n", key, a)
		case was && !is:
			fmt.Fprintf(out, "  %s: was %s\n", key, a)
		case is && !was && old != nil:
			fmt.Fprintf(out, "  %s: default -> %s\n", key, b)
		case is && !was:
			fmt.Fprintf(out, "  %s: %s\n", key, b)
		}
	}
}
