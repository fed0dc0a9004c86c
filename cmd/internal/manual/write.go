package manual

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// Shells are those whose completions there are.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

// Completion is the script with which a shell completes a program's words.
func Completion(root *cobra.Command, shell string) (string, error) {
	var script bytes.Buffer
	var err error
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&script, true)
	case "zsh":
		err = root.GenZshCompletion(&script)
	case "fish":
		err = root.GenFishCompletion(&script, true)
	default:
		err = fmt.Errorf("there is no completion for %q", shell)
	}
	return script.String(), err
}

// Write writes the pages of a program, compressed, and its completions under
// the names by which each shell looks for them, into a directory. The same
// program, date and version make the same bytes.
func Write(root *cobra.Command, dir string, date time.Time, version string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	for name, page := range Tree(root) {
		if err := writeGzip(filepath.Join(dir, name+".1.gz"), page.Troff(date, version)); err != nil {
			return err
		}
	}
	program := root.Name()
	for shell, name := range map[string]string{"bash": program + ".bash", "zsh": "_" + program, "fish": program + ".fish"} {
		script, err := Completion(root, shell)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(script), 0o644)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// writeGzip writes no time and no name into the file, so that the same text
// makes the same bytes.
func writeGzip(path, text string) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
