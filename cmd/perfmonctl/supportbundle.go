package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/settings"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// supporter is one run of support-bundle.
type supporter struct {
	agentFlags
	path      string
	settings  string
	metrics   string
	logs      int
	anonymous bool

	bundle *bundle
	tell   *progress
}

func newSupportBundle() *cobra.Command {
	s := &supporter{}
	cmd := &cobra.Command{
		Use:   "support-bundle",
		Short: "collect what others need to help, without secrets",
		Long: `support-bundle collects into one file, which its owner alone may read, what
somebody needs who is to find out what is the matter with the agent: versions,
its status, objects, variables and history, an explanation of each alarm, the
configuration in force of each object, metrics, settings, and the newest lines
of its log, if the system's journal has it. What cannot be had is left out and
said, so it works without an agent too. It ends by listing what is in it.

Secrets are not in it: of the settings, values of keys that may be secret are
taken out, as are paths of addresses and all comments; and wherever a secret of
the settings' files occurs, it is taken out too. With --anonymous, names and
tags of VMs, hosts and storage are replaced by numbers, and so are the reasons
and authors of silences; UUIDs stay. A name that is a common word (of up to two
characters, digits alone, or one of perfmon's own) is replaced where it stands
as a name, but not in the log's sentences. Look into the file before it leaves
the house.

Exit codes: 0 done, 1 wrong words, 2 the file could not be written.`,
		Example: `  perfmonctl support-bundle
  perfmonctl support-bundle --anonymous --file /tmp/case-4711.tar.gz`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			if s.logs < 0 {
				return fmt.Errorf("--log-lines %d: want 0 for none, or more", s.logs)
			}
			return s.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.path, "file", "", "write into `FILE` (default: perfmon-support-TIME.tar.gz here)")
	f.BoolVar(&s.anonymous, "anonymous", false, "without names and tags")
	f.StringVar(&s.settings, "settings-file", settings.DefaultPath, "`FILE` with the agent's settings")
	f.StringVar(&s.metrics, "metrics-url", "http://"+api.DefaultAddress+"/metrics", "`URL` of the agent's metrics")
	f.IntVar(&s.logs, "log-lines", 5000, "take the newest `N` lines of the log")
	s.add(cmd, "table")
	return cmd
}

// bundled is what perfmonctl support-bundle --output json prints.
type bundled struct {
	File    string   `json:"file"`
	Bytes   int64    `json:"bytes"`
	Entries []entry  `json:"entries"`
	Missing []string `json:"missing"` // what could not be had, and why
}

func (s *supporter) run(cmd *cobra.Command) error {
	ctx, stop := verbs.Interruptible()
	defer stop()
	now := time.Now()
	title := "perfmon-support-" + now.UTC().Format("20060102-150405")
	path := cmp.Or(s.path, title+".tar.gz")
	// First of all: whether it can be written.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return verbs.Failed(fmt.Errorf("%s is there already: remove it, or name another with --file", path))
	case err != nil:
		return verbs.Failed(err)
	}
	s.tell = newProgress(cmd.ErrOrStderr())
	s.bundle = &bundle{anonymous: s.anonymous}
	s.collect(ctx, now)
	var size int64
	if err = ctx.Err(); err == nil {
		s.tell.Say("write "+path, 0, 0)
		size, err = s.bundle.write(f, title, now)
	}
	s.tell.Done()
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path)
		if ctx.Err() != nil {
			err = errors.New("interrupted: nothing was written")
		}
		return verbs.Failed(fmt.Errorf("support-bundle: %w", err))
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	made := bundled{File: path, Bytes: size, Entries: s.bundle.entries(), Missing: append([]string{}, s.bundle.missing...)}
	answer, err := asJSON(made)
	if err != nil {
		return verbs.Failed(err)
	}
	return s.print(cmd, answer, func(on screen) string { return bundledText(&made, on) })
}

// bundledText lists what is in a bundle. Of many files in a folder it shows
// the folder.
func bundledText(made *bundled, on screen) string {
	var b strings.Builder
	table := [][]string{{"FILE", ">SIZE", "~WHAT"}}
	for i := 0; i < len(made.Entries); {
		e := made.Entries[i]
		folder, _, in := strings.Cut(e.Name, "/")
		if !in {
			table = append(table, []string{e.Name, bytesText(e.Bytes), e.What})
			i++
			continue
		}
		files, bytes := 0, int64(0)
		for ; i < len(made.Entries) && strings.HasPrefix(made.Entries[i].Name, folder+"/"); i++ {
			files, bytes = files+1, bytes+made.Entries[i].Bytes
		}
		table = append(table, []string{folder + "/", bytesText(bytes), e.What + ", " + count(files, "file")})
	}
	b.WriteString(on.Columns(table))
	for i, what := range made.Missing {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(paint(warned, "not in it: ") + what + "\n")
	}
	fmt.Fprintf(&b, "\n%s, %s: look into it before it leaves the house\n", made.File, bytesText(made.Bytes))
	return b.String()
}

// collect fills the bundle. What fails is in its list of what is missing.
func (s *supporter) collect(ctx context.Context, now time.Time) {
	b := s.bundle
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"versions", s.versions},
		{"settings", func(context.Context) error { return s.settingsFile() }},
		{"the system", func(context.Context) error { return s.system() }},
		{"status", func(ctx context.Context) error { return s.agentState(ctx, now) }},
		{"metrics", s.metricsPage},
		{"log", s.log},
	}
	for i, step := range steps {
		if ctx.Err() != nil {
			return
		}
		s.tell.Say(step.what, i, len(steps))
		if err := step.do(ctx); err != nil {
			b.miss(step.what, err)
		}
	}
}
