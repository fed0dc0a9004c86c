package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// work is something with a licence of its own.
type work struct {
	name  string // github.com/beevik/etree@v1.8.1, or a folder of ours
	texts []text // sorted by name
}

// text is a file of a work.
type text struct {
	name   string // LICENSE, or below a folder zstd/internal/xxhash/LICENSE.txt
	body   string // with no white space at the ends of its lines
	notice bool   // what is to be passed on beside the licence
}

// licenceFile are names that such texts have. ATTRIB says whose code was
// taken over.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|attrib|copyright|unlicense)([.-].*)?$`)

// gather reads the texts of all works that are linked in. Our own comes apart
// from the others, which are sorted by name; it may have no text.
func gather(linked []linkedPackage) (own work, others []work, err error) {
	own.name = ours
	root := ""
	for _, p := range linked {
		if p.Module.Main {
			root = p.Module.Dir
		}
	}
	found := map[string]map[string]string{} // by work and by text, where it is
	for _, p := range linked {
		if p.Module.Main {
			if own.texts == nil {
				if own.texts, err = texts(inFolder(p.Module.Dir, "")); err != nil {
					return own, nil, err
				}
			}
			// What we embed may be others': then its licence is beside it.
			for _, file := range p.EmbedFiles {
				if licenceFile.MatchString(path.Base(file)) {
					folder, err := filepath.Rel(p.Module.Dir, filepath.Join(p.Dir, filepath.Dir(file)))
					if err != nil {
						return own, nil, fmt.Errorf("name what is embedded: %w", err)
					}
					found[filepath.ToSlash(folder)] = inFolder(filepath.Join(p.Module.Dir, folder), "")
				}
			}
			continue
		}
		if root != "" && strings.HasPrefix(p.Module.Dir, root+string(filepath.Separator)) {
			continue // ours, in the place of another's
		}
		name := p.Module.Path + "@" + p.Module.Version
		if found[name] == nil {
			found[name] = map[string]string{}
		}
		for dir := p.Dir; ; dir = filepath.Dir(dir) {
			below, err := filepath.Rel(p.Module.Dir, dir)
			if err != nil || below == ".." || strings.HasPrefix(below, "../") {
				return own, nil, fmt.Errorf("the package in %s is not below its module in %s", p.Dir, p.Module.Dir)
			}
			maps.Copy(found[name], inFolder(dir, below))
			if below == "." {
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		w := work{name: name}
		if w.texts, err = texts(found[name]); err != nil {
			return own, nil, err
		}
		if !slices.ContainsFunc(w.texts, func(t text) bool { return !t.notice }) {
			return own, nil, fmt.Errorf("%s has no licence: it cannot be passed on before somebody has looked", name)
		}
		others = append(others, w)
	}
	return own, others, nil
}

// inFolder finds the files of a folder that may be such texts, by their name
// below the module.
func inFolder(dir, below string) map[string]string {
	entries, _ := os.ReadDir(dir) // a folder that cannot be read has none, and that is an error where one has to be
	found := map[string]string{}
	for _, e := range entries {
		if e.Type().IsRegular() && licenceFile.MatchString(e.Name()) && path.Ext(e.Name()) != ".go" {
			found[path.Join(filepath.ToSlash(below), e.Name())] = filepath.Join(dir, e.Name())
		}
	}
	return found
}

// texts reads files, by their names.
func texts(files map[string]string) ([]text, error) {
	list := []text{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		body, err := os.ReadFile(files[name])
		if err != nil {
			return nil, fmt.Errorf("read a licence: %w", err)
		}
		if !utf8.Valid(body) {
			return nil, fmt.Errorf("read a licence: %s is not in UTF-8", files[name])
		}
		var lines []string
		for line := range strings.Lines(string(body)) {
			lines = append(lines, strings.TrimRight(line, " \t\r\n\f"))
		}
		base := strings.ToUpper(path.Base(name))
		list = append(list, text{name, strings.Trim(strings.Join(lines, "\n"), "\n"), strings.HasPrefix(base, "NOTICE")})
	}
	return list, nil
}
