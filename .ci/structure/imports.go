package structure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkImports finds imports of ours that go the wrong way, and packages that
// have no room yet.
func checkImports(files []*file) []string {
	var problems []string
	homeless := map[string]bool{}
	for _, f := range files {
		if f.goAST == nil {
			continue
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return matches(r.path, f.dir()) })
		if i < 0 {
			if !homeless[f.dir()] {
				homeless[f.dir()] = true
				problems = append(problems, fmt.Sprintf("%s: package %s is not in the table of rooms: say in .ci/structure/rules.go what it may import, and in docs/architecture.md what it is for", f.path, f.dir()))
			}
			continue
		}
		allowed := rooms[i].imports
		if f.isTest() {
			allowed = slices.Concat(allowed, testSupport, testedTogether[f.dir()], []string{f.dir()})
		}
		for _, spec := range f.goAST.Imports {
			imported, ours := ourPath(spec.Path.Value)
			if ours && !matchesAny(allowed, imported) {
				problems = append(problems, fmt.Sprintf("%s: %s may not import %s (it may import of ours: %s): declare what it needs as an interface, or move the code", f.at(spec), f.dir(), imported, orNothing(allowed)))
			}
		}
	}
	return problems
}

// ourPath is a quoted import path from the root of the module, if it is ours.
func ourPath(quoted string) (p string, ours bool) {
	p, err := strconv.Unquote(quoted)
	if err != nil {
		return "", false
	}
	if p == module {
		return ".", true
	}
	return strings.CutPrefix(p, module+"/")
}

func orNothing(paths []string) string {
	if len(paths) == 0 {
		return "nothing"
	}
	return strings.Join(paths, ", ")
}
