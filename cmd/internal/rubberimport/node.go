package rubberimport

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// sequence is the kind of a list.
const sequence = yaml.SequenceNode

// section is a mapping of YAML that grows.
type section struct{ node *yaml.Node }

func newSection() *section { return &section{&yaml.Node{Kind: yaml.MappingNode}} }

// put adds a key. comment says what it meant, and may be "".
func (s *section) put(name string, v *yaml.Node, comment string) {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, HeadComment: comment}
	s.node.Content = append(s.node.Content, key, v)
}

func (s *section) str(name, v, comment string) { s.put(name, str(v), comment) }

// plain adds a number, a switch or a time.
func (s *section) plain(name, v, comment string) {
	s.put(name, &yaml.Node{Kind: yaml.ScalarNode, Value: v}, comment)
}

func (s *section) list(name string, words []string, comment string) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, w := range words {
		n.Content = append(n.Content, str(w))
	}
	s.put(name, n, comment)
}

// below adds a section.
func (s *section) below(name, comment string) *section {
	b := newSection()
	s.put(name, b.node, comment)
	return b
}

func (s *section) empty() bool { return len(s.node.Content) == 0 }

func str(v string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}
}

// encode is the text of a section.
func (s *section) encode() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(s.node); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), nil
}
