package config

import (
	"fmt"
	"slices"
)

// OwnOrigin is the origin of an object's own XML.
const OwnOrigin = "other-config:perfmon"

// Source is a place in one of the documents that make up the configuration of
// an object.
type Source struct {
	Origin       string // OwnOrigin, or that of a Layer
	Tag          string // of the block; "" for one of the whole class
	Line, Column int    // of the <variable> or <disable>, both from 1
	// Kept: the place is in a former text, since the present one is refused.
	Kept bool
}

// String is the place in words:
//
//	triggers/vm.xml:7:3 (tag "production")
func (s Source) String() string {
	text := fmt.Sprintf("%s:%d:%d", s.Origin, s.Line, s.Column)
	switch {
	case s.Tag != "" && s.Kept:
		return fmt.Sprintf("%s (tag %q, the last good text)", text, s.Tag)
	case s.Tag != "":
		return fmt.Sprintf("%s (tag %q)", text, s.Tag)
	case s.Kept:
		return text + " (the last good text)"
	}
	return text
}

// Provenance says where a variable of an object comes from, or what switches
// it off.
type Provenance struct {
	Variable string
	From     Source // its <variable>, or its <disable> if Disabled
	Disabled bool
	// Hides are the variables of that name that From keeps out of force, the
	// next in precedence first.
	Hides []Source
}

// Effective is what is in force for an object of a class with some tags: its
// own variables, and those that it inherits. own is its own document (Merge),
// file the trigger file of the class, pool the pool's perfmon-defaults
// (MergeDefaults); each may be nil.
//
// Precedence: the object's own XML, file by tag, file by class, pool by tag,
// pool by class. Where several tags of the object have a block the first by
// name counts first (in the order of bytes). A variable is replaced as a
// whole, by name; nothing of the replaced one shines through. A <disable>
// switches off the variables of that name in its own block and in all of
// lower precedence.
//
// Variables are in the order of precedence, and in that of the document where
// they have the same. They are the layers' own, with the bodies that these
// give them. There is a Provenance for each of them, in the same order, and
// behind these one for each name that is switched off. The problems are what
// only the layers together show; those of each are given where it is read.
//
// The Config is not for Merge: that is done to each layer before.
func Effective(class string, tags []string, own *Config, file, pool *Defaults) (*Config, []Provenance, []Problem) {
	e := &effective{config: &Config{}, at: make(map[string]int)}
	e.add(OwnOrigin, "", own)
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	for _, d := range []*Defaults{file, pool} {
		for _, tag := range tags {
			if tag != "" {
				e.add(d.from(), tag, d.block(class, tag))
			}
		}
		e.add(d.from(), "", d.block(class, ""))
	}
	in, off := e.split()
	return e.config, append(in, off...), pointless(class, own, off)
}

// from is the origin of a layer.
func (d *Defaults) from() string {
	if d == nil {
		return ""
	}
	return d.origin
}

// effective collects blocks, those of higher precedence first.
type effective struct {
	config *Config
	origin []Provenance
	at     map[string]int // index in origin, by name
}

// add takes in one block. Where a block before it has spoken of a name, it is
// only noted.
func (e *effective) add(origin, tag string, c *Config) {
	if c == nil {
		return
	}
	for _, d := range c.Disabled {
		if _, taken := e.at[d.Name]; taken {
			continue
		}
		e.at[d.Name] = len(e.origin)
		p := Provenance{Variable: d.Name, From: Source{origin, tag, d.Line, d.Column, d.kept}, Disabled: true}
		if v := c.hushed[d.Name]; v != nil {
			p.Hides = append(p.Hides, Source{origin, tag, v.Line, v.Column, d.kept})
		}
		e.origin = append(e.origin, p)
		e.config.Disabled = append(e.config.Disabled, d)
	}
	kept := make(map[string]bool, len(c.Kept))
	for _, name := range c.Kept {
		kept[name] = true
	}
	for _, v := range c.Variables {
		from := Source{origin, tag, v.Line, v.Column, kept[v.Name]}
		if i, taken := e.at[v.Name]; taken {
			e.origin[i].Hides = append(e.origin[i].Hides, from)
			continue
		}
		e.at[v.Name] = len(e.origin)
		e.origin = append(e.origin, Provenance{Variable: v.Name, From: from})
		e.config.Variables = append(e.config.Variables, v)
		if from.Kept {
			e.config.Kept = append(e.config.Kept, v.Name)
		}
	}
}

// split tells what is in force from what is switched off.
func (e *effective) split() (in, off []Provenance) {
	for _, p := range e.origin {
		if p.Disabled {
			off = append(off, p)
		} else {
			in = append(in, p)
		}
	}
	return in, off
}

// pointless warns of what an object's own XML switches off though there is
// nothing of that name: probably a slip. In a layer that is no slip, since
// other objects may have it. A host may mean what an SR asks of it.
func pointless(class string, own *Config, off []Provenance) []Problem {
	var problems []Problem
	for _, p := range off {
		_, perHost := perHostBuiltin(p.Variable)
		if p.From.Origin != OwnOrigin || len(p.Hides) > 0 || perHost && class == ClassHost || own.refuses(p.Variable) {
			continue
		}
		problems = append(problems, Problem{
			Line: p.From.Line, Column: p.From.Column, Variable: p.Variable, Severity: Warning,
			Msg: "a <disable> with nothing of that name to switch off", Fix: "remove it, or mend the name",
		})
	}
	return problems
}

// refuses says whether the document has a variable of a name that is refused.
func (c *Config) refuses(name string) bool {
	return slices.ContainsFunc(c.refused, func(r refusal) bool { return r.name == name })
}
