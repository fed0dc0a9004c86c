package rubberconfig

import "perfmon/cmd/internal/strictyaml"

// sections is a mapping of names to sections, each with a table of its own.
type sections struct {
	strictyaml.Sections
	make func(name string, at place) []key
	subs []sub
}

// sub is a section that was read.
type sub struct {
	name string
	keys []key
}

func (l *loader) sections(what string, most int, make func(name string, at place) []key) *sections {
	v := &sections{make: make}
	v.What, v.Max = what, most
	v.One = func(name string, p, at place) {
		keys := make(name, at)
		v.subs = append(v.subs, sub{name, keys})
		section(p, at, keys)
	}
	return v
}

// list is a list of sections, each with a table of its own.
type list struct {
	strictyaml.Items
	make func(at place) []key
	subs []sub
}

func (l *loader) list(what, example string, most int, make func(at place) []key) *list {
	v := &list{make: make}
	v.What, v.Example, v.Max = what, example, most
	v.One = func(p place) {
		keys := make(p)
		v.subs = append(v.subs, sub{"", keys})
		section(p, p, keys)
	}
	return v
}
