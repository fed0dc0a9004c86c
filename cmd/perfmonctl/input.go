package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
)

// openInput opens a file, or standard input for "-". The caller closes it.
func openInput(cmd *cobra.Command, path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, verbs.Failed(err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, verbs.Failed(fmt.Errorf("%s is a directory: name the files in it", path))
	}
	return f, nil
}

// nameOf is how messages call an input.
func nameOf(path string) string {
	if path == "-" {
		return "stdin"
	}
	return path
}

// files wants the names of so many files, or of at least one if n is 0.
func files(n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return errors.New(`no file is named: want one, or "-" for standard input`)
		case n > 0 && len(args) > n:
			return fmt.Errorf("unexpected argument %q: one file at a time", args[n])
		}
		return nil
	}
}
