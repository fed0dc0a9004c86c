package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"perfmon/monitor/config"
)

var classes = []string{config.ClassVM, config.ClassHost, config.ClassSR}

// poolClass is what --class calls the pool's perfmon-defaults, whose blocks
// say themselves of which class they are.
const poolClass = "pool"

// checkTriggers checks trigger XML: an object's own, or what objects inherit.
// That is a trigger file, known by its name; the pool's perfmon-defaults; and
// whatever has the root <triggers>.
func checkTriggers(path, class, text string, o config.Options) (findings []finding, err error) {
	named := classOf(path)
	var problems []config.Problem
	switch {
	case strings.TrimSpace(text) == "":
		problems = []config.Problem{{Severity: config.Warning, Msg: "it is empty: there are no variables"}}
	case class == poolClass:
		problems = config.CheckDefaults(config.Layer{Text: text}, o)
	case class == "" && named != "" && !o.Legacy, hasTriggersRoot(text):
		if class == "" {
			class = named
		}
		problems = config.CheckDefaults(config.Layer{Class: class, Text: text}, o)
	case class == "" && named == "":
		return nil, noClass(path)
	case class == "":
		problems = config.Check(named, text, o) // where nothing is inherited
	default:
		problems = config.Check(class, text, o)
	}
	for _, p := range problems {
		name := nameOf(path)
		findings = append(findings, finding{p.Format(name), name, p.Line, p.Column, severity(p.Severity == config.Warning), p.Variable, p.Msg, p.Fix})
	}
	return findings, nil
}

// classOf is the class that a file's name says, "" if it says none.
func classOf(path string) string {
	class := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if !slices.Contains(classes, class) {
		return ""
	}
	return class
}

// noClass says that nobody knows of which class a document is.
func noClass(path string) error {
	if path == "-" {
		return errors.New("standard input has no name to take the class from: want --class vm, host, sr or pool")
	}
	return fmt.Errorf("%s: the name does not say of which class it is: want --class vm, host, sr or pool", path)
}

// hasTriggersRoot looks at the first element of a document.
func hasTriggersRoot(text string) bool {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.RawToken()
		if err != nil {
			return false
		}
		if root, ok := token.(xml.StartElement); ok {
			return root.Name.Space == "" && root.Name.Local == "triggers"
		}
	}
}
