package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// openInput opens a file, or standard input for "-". The caller closes it.
func openInput(cmd *cobra.Command, path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failed(fmt.Errorf("read input: %w", err))
	}
	return f, nil
}
