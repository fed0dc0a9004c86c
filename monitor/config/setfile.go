package config

import (
	"errors"
	"fmt"
)

// SetFile is Set for a layer, such as a trigger file, that is one block for a
// whole class. One for a tag, or with several blocks, is not edited: nobody
// says which is meant.
func SetFile(l Layer, variable string, assignments map[string]string, opts Options) (string, error) {
	class, err := l.only()
	if err != nil {
		return "", fmt.Errorf("set %q: %w", variable, err)
	}
	return Set(class, l.Text, variable, assignments, opts)
}

// UnsetFile is Unset for what SetFile edits.
func UnsetFile(l Layer, variable string) (string, error) {
	if _, err := l.only(); err != nil {
		return "", fmt.Errorf("unset %q: %w", variable, err)
	}
	return Unset(l.Text, variable)
}

// only is the class of a layer that is one block for all of it.
func (l Layer) only() (string, error) {
	if l.Text == "" {
		return l.Class, nil
	}
	doc, problem := readVariables(l.Text)
	if problem != nil {
		return "", errors.New(problem.Format(l.Origin))
	}
	if doc.root.FullTag() == triggersTag {
		return "", fmt.Errorf("%s has the root <triggers> and may have several blocks: edit it by hand", l.Origin)
	}
	p := &defaultsParser{layer: l}
	class, tag, bad := p.header(doc.root)
	switch {
	case bad != nil:
		return "", fmt.Errorf("%s: %s: %s", l.Origin, bad.msg, bad.fix)
	case tag != "":
		return "", fmt.Errorf("%s is for the tag %q: edit it by hand", l.Origin, tag)
	}
	return class, nil
}

// Settings are what an object's own XML, or that of a layer that SetFile
// edits, says of a variable, as it is written and by the keys of Set. Of two
// variables of one name it is the one in force. There is nil if there is no
// such variable, and where it cannot be told.
func Settings(class, text, variable string, opts Options) map[string]string {
	if text == "" {
		return nil
	}
	e, problem := newEditor(text)
	if problem != nil {
		return nil
	}
	found, err := e.find(variable)
	if err != nil || len(found) == 0 {
		return nil
	}
	v := e.inForce(found, class, variable, opts)
	said := make(map[string]string)
	for _, s := range settings {
		if element := firstBelow(v, s.tag); element != nil {
			said[s.key] = value(element)
		}
	}
	return said
}
