package replay

import (
	"maps"
	"slices"
	"strings"

	"perfmon/monitor/config"
)

// triggers reads trigger XML: of the object, "triggers of vm/web:", of a
// trigger file, "triggers of class vm:", or of the pool, "triggers of pool:".
// The XML follows on the line or in the block, or "file NAME" says where it
// is. place puts it into a setting.
func (p *caseParser) triggers(d directive) (place func(*setting, string), text string, err error) {
	rest, broken := strings.CutPrefix(d.key, "triggers with errors")
	if !broken {
		rest = strings.TrimPrefix(d.key, "triggers")
	}
	text, begin, err := p.xml(d)
	if err != nil {
		return nil, "", err
	}
	var problems []config.Problem
	opts := config.Options{Legacy: p.c.legacy}
	class, isFile := strings.CutPrefix(rest, " of class ")
	switch {
	case isFile:
		if !slices.Contains([]string{config.ClassVM, config.ClassHost, config.ClassSR}, class) {
			return nil, "", d.pos.errorf("class %q: want vm, host or sr", class)
		}
		place = func(s *setting, text string) { s.files = maps.Clone(s.files); s.files[class] = text }
		_, problems = config.ParseDefaults(config.Layer{Origin: "triggers/" + class + ".xml", Class: class, Text: text}, opts)
	case rest == " of pool":
		place = func(s *setting, text string) { s.pool = text }
		_, problems = config.ParseDefaults(config.Layer{Origin: "pool", Text: text}, opts)
	default:
		named := d
		named.key = "triggers" + rest
		o, err := p.of(named, "triggers")
		if err != nil {
			return nil, "", err
		}
		place = func(s *setting, text string) { s.own = maps.Clone(s.own); s.own[o] = text }
		_, problems = config.Parse(o.Class, text, opts)
	}
	for _, problem := range problems {
		if problem.Severity == config.Error && !broken {
			return nil, "", problemAt(problem, begin)
		}
	}
	return place, text, nil
}

// problemAt is a mistake in trigger XML that begins at a place.
func problemAt(problem config.Problem, begin Pos) error {
	at := begin
	if problem.Line > 0 {
		at.Line += problem.Line - 1
		if problem.Line > 1 {
			at.Column = 1
		}
		at.Column += problem.Column - 1
	}
	return at.errorf("%s (if the mistake is meant, write \"triggers with errors:\")", problem)
}

// xml is the text of a directive: its block, its value, or a file's.
func (p *caseParser) xml(d directive) (text string, begin Pos, err error) {
	path, isFile := strings.CutPrefix(d.value, "file ")
	if d.value != "" && d.raw != "" {
		return "", d.first, d.at.errorf("XML on the line and below it: write it in one place")
	}
	switch {
	case d.value == "none":
		return "", d.at, nil
	case d.value == "" && d.raw == "":
		return "", d.pos, d.pos.errorf("no XML: write it below, further right, or \"file NAME\", or \"none\"")
	case d.value == "":
		return d.raw, d.first, nil
	case !isFile:
		return d.value, d.at, nil
	case p.open == nil:
		return "", d.at, d.at.errorf("%q: trigger files cannot be read here", path)
	}
	content, err := p.open(strings.TrimSpace(path))
	if err != nil {
		return "", d.at, d.at.errorf("trigger file: %v", err)
	}
	return string(content), Pos{path, 1, 1}, nil
}
