package main

import (
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/manual"
)

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
			if err := generate(cmd.Root(), args[0], date); err != nil {
				return failed(err)
			}
			return nil
		},
	}
}

// generate writes the pages, compressed, and the completions of bash, zsh and
// fish under the names by which each looks for them.
func generate(root *cobra.Command, dir string, date time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	for name, page := range manual.Tree(root) {
		if err := writeGzip(filepath.Join(dir, name+".1.gz"), page.Troff(date, version)); err != nil {
			return err
		}
	}
	for name, write := range map[string]func(string) error{
		"perfmonctl.bash": func(path string) error { return root.GenBashCompletionFileV2(path, true) },
		"_perfmonctl":     root.GenZshCompletionFile,
		"perfmonctl.fish": func(path string) error { return root.GenFishCompletionFile(path, true) },
	} {
		if err := write(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// writeGzip writes no time and no name into the file, so that the same text
// makes the same bytes.
func writeGzip(path, text string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err == nil {
		_, err = z.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
