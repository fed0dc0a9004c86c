package structure

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// file is one text file of the project that the checks look at.
type file struct {
	path  string // from the root, with slashes
	text  []byte
	fset  *token.FileSet
	goAST *ast.File // nil if it is no Go file
}

// dir is the package that a file belongs to.
func (f *file) dir() string { return path.Dir(f.path) }

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at is where a node of a Go file stands, for a message.
func (f *file) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(n.Pos()).Line)
}

// texts are the endings of files that people write by hand.
var texts = []string{".go", ".md", ".sh", ".service", ".socket", ".xml", ".yaml", ".yml"}

// readTree reads the files under root. Folders named testdata are foreign
// material, and folders that start with a dot, other than .ci, are tools'.
func readTree(root string) ([]*file, error) {
	var files []*file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if entry.IsDir() {
			hidden := strings.HasPrefix(entry.Name(), ".") && rel != "." && rel != ".ci"
			if hidden || entry.Name() == "testdata" || slices.Contains(untracked, rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !isText(rel) {
			return nil
		}
		f, err := readFile(root, rel)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

func isText(rel string) bool {
	return slices.Contains(texts, path.Ext(rel)) || path.Base(rel) == "Makefile" || rel == ".ci/run"
}

func readFile(root, rel string) (*file, error) {
	text, err := os.ReadFile(filepath.Join(root, rel))
	if err != nil {
		return nil, err
	}
	f := &file{path: rel, text: text, fset: token.NewFileSet()}
	if path.Ext(rel) == ".go" {
		if f.goAST, err = parser.ParseFile(f.fset, rel, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// lines counts as editors do.
func (f *file) lines() int {
	n := bytes.Count(f.text, []byte("\n"))
	if len(f.text) > 0 && f.text[len(f.text)-1] != '\n' {
		n++
	}
	return n
}

// matches says whether a slash-separated path is one that pattern names. See
// room.
func matches(pattern, p string) bool {
	if pattern == "..." {
		return true
	}
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == above || strings.HasPrefix(p, above+"/")
	}
	if above, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(p) == above
	}
	return pattern == p
}

func matchesAny(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
}
