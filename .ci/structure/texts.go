package structure

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// checkComments finds packages that do not say exactly once what they are.
func checkComments(files []*file) []string {
	var dirs []string
	comments := map[string][]string{} // the files of each package that have one
	for _, f := range files {
		if f.goAST == nil || f.isTest() {
			continue
		}
		if !slices.Contains(dirs, f.dir()) {
			dirs = append(dirs, f.dir())
		}
		// Text leaves directives out.
		if f.goAST.Doc.Text() != "" {
			comments[f.dir()] = append(comments[f.dir()], f.path)
		}
	}
	var problems []string
	for _, dir := range dirs {
		switch in := comments[dir]; len(in) {
		case 1:
		case 0:
			problems = append(problems, fmt.Sprintf("%s: no package comment: say above a package clause what it is", dir))
		default:
			problems = append(problems, fmt.Sprintf("%s: %d package comments: keep one of %s", dir, len(in), strings.Join(in, ", ")))
		}
	}
	return problems
}

// checkLength finds files that are too long, and exceptions that are none any
// more.
func checkLength(files []*file, exceptions map[string]string) []string {
	var problems []string
	long := map[string]bool{}
	for _, f := range files {
		if f.goAST == nil || f.isTest() || f.lines() <= maxLines {
			continue
		}
		long[f.path] = true
		if exceptions[f.path] == "" {
			problems = append(problems, fmt.Sprintf("%s: %d lines, more than %d: split it by idea, or give the reason in mayBeLong of .ci/structure/rules.go", f.path, f.lines(), maxLines))
		}
	}
	for path := range exceptions {
		if !long[path] {
			problems = append(problems, fmt.Sprintf("%s: it is in mayBeLong of .ci/structure/rules.go but is not long: take it out", path))
		}
	}
	return problems
}

// leftovers are the words that stand for work not done. They are put together
// here so that this file is not one of its findings.
var leftovers = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}, "|") + `)\b`)

// checkLeftovers finds work that was put off.
func checkLeftovers(files []*file) []string {
	var problems []string
	for _, f := range files {
		line := 0
		for text := range strings.Lines(string(f.text)) {
			line++
			if word := leftovers.FindString(text); word != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: %s: do it now, or leave it out", f.path, line, word))
			}
		}
	}
	return problems
}

// checkTop finds folders at the root that nobody agreed on, and Go files
// there, since the root is no package.
func checkTop(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, e := range entries {
		known := strings.HasPrefix(e.Name(), ".") || slices.Contains(topLevel, e.Name()) || slices.Contains(untracked, e.Name())
		switch {
		case e.IsDir() && !known:
			problems = append(problems, fmt.Sprintf("%s: a new folder at the top: find it a place under %s, or give it one in topLevel of .ci/structure/rules.go", e.Name(), strings.Join(topLevel, ", ")))
		case !e.IsDir() && strings.HasSuffix(e.Name(), ".go"):
			problems = append(problems, fmt.Sprintf("%s: a Go file at the top: the root is no package, move it into one", e.Name()))
		}
	}
	return problems, nil
}
