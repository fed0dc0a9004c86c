// Package docstest keeps the examples of the documentation true: a test makes
// an example and compares it with the page.
package docstest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what the tests show in documents and golden files")

// Updating says whether what is shown is to be rewritten (-update).
func Updating() bool { return *update }

// Example compares a block of docs/PAGE with what really came out:
//
//	<!-- example NAME -->
//	```json
//	…
//	```
//	<!-- end -->
//
// language is what the block is written in, "" for nothing. With -update the
// page is rewritten instead; a lock lets the tests of several packages do so
// at once.
func Example(t testing.TB, page, name, language, got string) {
	t.Helper()
	Text(t, page, name, "```"+language+"\n"+strings.TrimRight(got, "\n")+"\n```\n")
}

// Text is Example for a block that is not code, such as a table.
func Text(t testing.TB, page, name, got string) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	f, err := os.OpenFile(filepath.Join(filepath.Dir(here), "..", page), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := replace(string(text), name, got)
	switch {
	case err != nil:
		t.Fatalf("docs/%s: %v", page, err)
	case out == string(text):
	case !*update:
		t.Fatalf("docs/%s: the example %s is not what comes out:\n%s\nIf that is right, run the test with -update.", page, name, got)
	default:
		if err := rewrite(f, out); err != nil {
			t.Fatal(err)
		}
	}
}

// replace puts a block in the place of the example of a name.
func replace(text, name, block string) (string, error) {
	begin := "<!-- example " + name + " -->\n"
	head, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("no place for the example %s: write %q", name, begin)
	}
	_, tail, ok := strings.Cut(rest, "<!-- end -->")
	if !ok {
		return "", fmt.Errorf("the example %s has no end: write <!-- end --> behind it", name)
	}
	return head + begin + block + "<!-- end -->" + tail, nil
}

func rewrite(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
