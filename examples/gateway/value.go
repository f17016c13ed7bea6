package main

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxNodes bounds the keys and list entries of a file, aliases expanded.
const maxNodes = 20_000

// A value is one node of the file, with the place it has there. Its methods
// note what is wrong and go on, so that one pass finds every error.
type value struct {
	node     *yaml.Node
	path     string
	problems *problems
}

// fields says who takes the value of each known key of a mapping.
type fields map[string]func(value)

// newValue resolves an alias, so that the rest sees what it stands for.
func newValue(n *yaml.Node, path string, ps *problems) value {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return value{node: n, path: path, problems: ps}
}

func (v value) at() place { return place{line: v.node.Line, path: v.path} }

func (v value) addf(format string, args ...any) { v.problems.addf(v.at(), format, args...) }

// mapping hands the value of each key to its taker. Unknown keys and missing
// required ones are errors. It says false when v is no mapping at all.
func (v value) mapping(known fields, required ...string) bool {
	seen := map[string]bool{}
	for key, child := range v.pairs() {
		seen[key] = true
		take, ok := known[key]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			child.addf("unknown key; known are %s", strings.Join(names, ", "))
			continue
		}
		take(child)
	}
	for _, key := range required {
		if v.node.Kind == yaml.MappingNode && !seen[key] {
			v.problems.addf(v.at().key(key), "is missing")
		}
	}
	return v.node.Kind == yaml.MappingNode
}

// pairs yields keys and values in the order of the file. A key that stands
// there twice is an error, and only its first value is used.
func (v value) pairs() iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		if v.node.Kind != yaml.MappingNode {
			v.addf("want keys and values, got %s", describe(v.node))
			return
		}
		lines := map[string]int{}
		for i := 0; i+1 < len(v.node.Content) && v.affordable(); i += 2 {
			key := newValue(v.node.Content[i], v.path, v.problems)
			if key.node.Kind != yaml.ScalarNode {
				key.addf("want a name as key, got %s", describe(key.node))
				continue
			}
			child := newValue(v.node.Content[i+1], joinPath(v.path, key.node.Value), v.problems)
			if first, ok := lines[key.node.Value]; ok {
				key.problems.addf(place{key.node.Line, child.path}, "stands here twice, first in line %d", first)
				continue
			}
			lines[key.node.Value] = key.node.Line
			if !yield(key.node.Value, child) {
				return
			}
		}
	}
}

// items yields the entries of a list, which must have one at least.
func (v value) items() iter.Seq[value] {
	return func(yield func(value) bool) {
		if v.node.Kind != yaml.SequenceNode {
			v.addf("want a list, got %s", describe(v.node))
			return
		}
		if len(v.node.Content) == 0 {
			v.addf("want at least one entry")
		}
		for i, n := range v.node.Content {
			if !v.affordable() || !yield(newValue(n, fmt.Sprintf("%s[%d]", v.path, i), v.problems)) {
				return
			}
		}
	}
}

// affordable says whether one more node may be looked at. Aliases let a short
// file stand for a very long one, so what they expand to is bounded.
func (v value) affordable() bool {
	v.problems.visited++
	if v.problems.visited == maxNodes {
		v.addf("the file has more than %d values, counting those that aliases repeat", maxNodes)
	}
	return v.problems.visited < maxNodes
}

// text returns the characters of a scalar.
func (v value) text() (string, error) {
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() == "!!null" {
		return "", fmt.Errorf("want a value, got %s", describe(v.node))
	}
	if strings.ContainsRune(v.node.Value, 0) {
		return "", errors.New("must not contain a zero byte")
	}
	return v.node.Value, nil
}

// set returns a taker that parses a scalar into dst and leaves dst alone when
// that fails.
func set[T any](dst *T, parse func(string) (T, error)) func(value) {
	return func(v value) {
		if t, ok := parsed(v, parse); ok {
			*dst = t
		}
	}
}

// parsed returns what a scalar stands for, or notes why it stands for nothing.
func parsed[T any](v value, parse func(string) (T, error)) (t T, ok bool) {
	s, err := v.text()
	if err == nil {
		t, err = parse(s)
	}
	if err != nil {
		v.problems.add(v.at(), err)
	}
	return t, err == nil
}

// list returns a taker that parses a list of scalars, or a single one, into dst.
// It leaves out those that are wrong.
func list[T any](dst *[]T, parse func(string) (T, error)) func(value) {
	return func(v value) {
		for item := range v.oneOrMore() {
			if t, ok := parsed(item, parse); ok {
				*dst = append(*dst, t)
			}
		}
	}
}

// oneOrMore yields the entries of a list, or what is not a list itself.
func (v value) oneOrMore() iter.Seq[value] {
	if v.node.Kind == yaml.SequenceNode {
		return v.items()
	}
	return func(yield func(value) bool) { yield(v) }
}

// note returns a taker that also remembers where the value stands.
func note(at *place, take func(value)) func(value) {
	return func(v value) {
		*at = v.at()
		take(v)
	}
}

// describe names what a node is, for an error.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return "nothing"
		}
		return fmt.Sprintf("%q", n.Value)
	}
	return "something else"
}
