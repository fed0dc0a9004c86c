package structure

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// checkPrograms finds code that can start other programs where it should not.
func checkPrograms(files []*file) []string {
	return checkUses(files, mayStartPrograms,
		[]string{"os/exec"},
		map[string][]string{
			"os":      {"StartProcess"},
			"syscall": {"Exec", "ForkExec", "StartProcess"},
		},
		"starting programs is for "+strings.Join(mayStartPrograms, ", "))
}

// checkPrints finds code that prints where it should log.
func checkPrints(files []*file) []string {
	return checkUses(files, mayPrint,
		[]string{"log"},
		map[string][]string{
			"fmt": {"Print", "Printf", "Println"},
			"":    {"print", "println"},
		},
		"use the slog.Logger that is handed in; printing is for "+strings.Join(mayPrint, ", "))
}

// checkUses finds imports of packages and uses of functions (by package path;
// "" is the built-in ones), outside tests and outside the allowed paths.
func checkUses(files []*file, allowed, packages []string, functions map[string][]string, wayOut string) []string {
	var problems []string
	for _, f := range files {
		if f.goAST == nil || f.isTest() || matchesAny(allowed, f.dir()) || matchesAny(allowed, f.path) {
			continue
		}
		found := func(n ast.Node, what string) {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", f.at(n), what, wayOut))
		}
		for _, spec := range f.goAST.Imports {
			for _, p := range packages {
				if spec.Path.Value == strconv.Quote(p) {
					found(spec, "import of "+p)
				}
			}
		}
		names := importNames(f.goAST)
		ast.Inspect(f.goAST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && names[x.Name] != "" && slices.Contains(functions[names[x.Name]], n.Sel.Name) {
					found(n, "use of "+names[x.Name]+"."+n.Sel.Name)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && slices.Contains(functions[""], id.Name) {
					found(n, "use of "+id.Name)
				}
			}
			return true
		})
	}
	return problems
}

// importNames maps the names that a file gives to its imports to their paths.
func importNames(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := p[strings.LastIndex(p, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}
