package rubberconfig

import (
	"bytes"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"perfmon/cmd/internal/strictyaml"
)

// effective is the values of a table, which have been read, in YAML.
func effective(keys []key) string {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	// What is encoded is made of texts alone: there is nothing to fail.
	_ = e.Encode(mapping(keys))
	_ = e.Close()
	return b.String()
}

// mapping has a line for each key that has a value.
func mapping(keys []key) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range keys {
		if k.Refused {
			continue
		}
		name := k.Name
		v := shown(k.Value)
		if part, ok := k.Value.(strictyaml.SecretPart); ok {
			there, where := part.S.Where()
			if there != name {
				continue
			}
			v = scalar(where)
		}
		if v != nil {
			n.Content = append(n.Content, scalar(name), v)
		}
	}
	return n
}

// shown is a value as YAML has it; nil if there is none.
func shown(v strictyaml.Value) *yaml.Node {
	switch v := v.(type) {
	case strictyaml.Group:
		if n := mapping(v.Keys); len(n.Content) > 0 {
			return n
		}
		return nil
	case ofDriver:
		if !v.used() {
			return nil
		}
		return shown(v.Group)
	case *sections:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, s := range v.subs {
			n.Content = append(n.Content, scalar(s.name), mapping(s.keys))
		}
		return orNil(n)
	case *list:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range v.subs {
			n.Content = append(n.Content, mapping(s.keys))
		}
		return orNil(n)
	case words:
		return texts(*v.To)
	case froms:
		if len(*v.to) == 0 {
			return scalar("none")
		}
		return texts(*v.to)
	case strictyaml.Pairs:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range slices.Sorted(maps.Keys(*v.To)) {
			n.Content = append(n.Content, scalar(name), scalar((*v.To)[name]))
		}
		return orNil(n)
	case strictyaml.Lines:
		if *v.To == "" {
			return nil
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: *v.To, Style: yaml.LiteralStyle}
	case strictyaml.Text, strictyaml.Form, permissions:
		return quoted(v.Initial())
	}
	return plain(v.Initial())
}

func orNil(n *yaml.Node) *yaml.Node {
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func texts(list []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range list {
		n.Content = append(n.Content, scalar(s))
	}
	return orNil(n)
}

// scalar is a text, in quotes where it would be read as something else.
func scalar(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func quoted(s string) *yaml.Node {
	if s == "" {
		return nil
	}
	return scalar(s)
}

// plain is a number, a switch or a time.
func plain(s string) *yaml.Node {
	if s == "" {
		return nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: s}
}
