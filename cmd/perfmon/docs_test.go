package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	"perfmon/monitor/control"
	"perfmon/rrd"
	"perfmon/xapi"
)

const compatibilityPage = "../../docs/compatibility.md"

// TestDocsFlags: the two tables of flags have every flag of --help with its
// default, and no other.
func TestDocsFlags(t *testing.T) {
	var help bytes.Buffer
	if _, err := parseFlags([]string{"--help"}, &help); !errors.Is(err, errHelp) {
		t.Fatal(err)
	}
	want := helpFlags(help.String())
	got := map[string]string{}
	code := regexp.MustCompile("`([^`]*)`")
	for line := range strings.Lines(readDocs(t)) {
		if !strings.HasPrefix(line, "| `-") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		var names []string
		for _, name := range code.FindAllStringSubmatch(cells[0], -1) {
			names = append(names, name[1])
		}
		value := cells[len(cells)-2] // before what differs, or what it is for
		got[strings.Join(names, ", ")] = ""
		if m := code.FindStringSubmatch(value); m != nil {
			got[strings.Join(names, ", ")] = m[1]
		}
	}
	for names, value := range want {
		if there, ok := got[names]; !ok || there != value {
			t.Errorf("%s: default %q in the docs (there: %t), %q in --help", names, there, ok, value)
		}
		delete(got, names)
	}
	for names := range got {
		t.Errorf("%s is in the docs and not in --help", names)
	}
	if len(want) < 20 {
		t.Errorf("%d flags found in --help", len(want))
	}
}

// helpFlags are the flags in a help text, as "-i, --interval", with their
// defaults:
//
//	-s, --rrdstep SEC       ask the toolstack for rows of SEC
//	                        seconds: 5 or 60 (default 60)
//	    --source WHERE      where rows come from (default "auto")
func helpFlags(help string) map[string]string {
	flags := map[string]string{}
	begin := regexp.MustCompile(`^ {2,6}((?:-\w, )?--[\w.-]+)`)
	value := regexp.MustCompile(`\(default\s+(?:"([^"]*)"|\[([^\]]*)\]|([^):]+))\)`)
	var name, text string
	end := func() {
		if m := value.FindStringSubmatch(text); m != nil {
			flags[name] = m[1] + m[2] + m[3]
		} else if name != "" {
			flags[name] = ""
		}
	}
	for line := range strings.Lines(help) {
		switch m := begin.FindStringSubmatch(line); {
		case m != nil:
			end()
			name, text = m[1], line
		case strings.TrimSpace(line) == "":
			end()
			name, text = "", ""
		default:
			text += line
		}
	}
	end()
	return flags
}

// TestDocsNumbers: numbers of other packages that the page names are theirs.
func TestDocsNumbers(t *testing.T) {
	page := readDocs(t)
	for _, says := range []string{
		fmt.Sprintf("(%d MiB)", rrd.DefaultMaxBytes>>20),
		fmt.Sprintf("%d bytes are read and the rest is cut", control.MaxDatagram),
		fmt.Sprintf("for %d hours, %d alarms at most", int(outbox.DefaultDeadline.Hours()), journal.DefaultQueueLimit),
		fmt.Sprintf("%d s for a call, %d s without a byte of rows", int(xapi.DefaultCallTimeout.Seconds()), int(xapi.DefaultStallTimeout.Seconds())),
		fmt.Sprintf("%d done, %d wrong flags, %d fatal, %d already running", exitOK, exitUsage, exitFatal, exitRunning),
		"`" + linePrefix + "` and `" + debugPrefix + "`",
		"`" + xapi.DefaultRRDDSocket + "`",
	} {
		if !strings.Contains(page, says) {
			t.Errorf("docs/compatibility.md does not say %q", says)
		}
	}
}

// TestDocsMetrics: the metrics that the pages name exist.
func TestDocsMetrics(t *testing.T) {
	var source strings.Builder
	for _, dir := range []string{"../../monitor", "../../alarm", "."} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var named []string
	for _, path := range []string{compatibilityPage, "../../docs/triggers.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`((?:perfmon|xen)_[a-z_]+)").FindAllStringSubmatch(string(text), -1) {
			named = append(named, m[1])
		}
	}
	slices.Sort(named)
	for _, name := range slices.Compact(named) {
		if !strings.Contains(source.String(), `"`+name+`"`) {
			t.Errorf("the docs name the metric %s, which there is not", name)
		}
	}
	if len(named) < 5 {
		t.Errorf("only %q found", named)
	}
}

// TestDocsLinks: links from page to page lead somewhere, and the README leads
// to every page.
func TestDocsLinks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("%q, %v", pages, err)
	}
	const readme = "../../README.md"
	link := regexp.MustCompile(`\]\(([^)#:\s]*)(#[^)\s]*)?\)`)
	fromReadme := map[string]bool{}
	for _, page := range append(pages, readme) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			target, err := os.ReadFile(to)
			if err != nil || m[2] != "" && !slices.Contains(anchors(string(target)), m[2]) {
				t.Errorf("%s: the link %s%s leads nowhere: %v", page, m[1], m[2], err)
			}
			if page == readme {
				fromReadme[to] = true
			}
		}
	}
	for _, page := range pages {
		if !fromReadme[filepath.Clean(page)] {
			t.Errorf("%s does not lead to %s", readme, page)
		}
	}
}

// anchors are the headings of a page as links name them.
func anchors(text string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, "#"+strings.ReplaceAll(name, " ", "-"))
	}
	return list
}

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(compatibilityPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
