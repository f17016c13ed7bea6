package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// conv converts one message of theirs.
type conv struct {
	in   *yaml.Node // a mapping
	path string     // of in
	out  *object    // the message of ours that the rows are of
	r    *report
	made *[]output // beside out

	stream bool // the options are of a listener of streams
}

// convert returns what becomes of all documents of a text.
func convert(text []byte, r *report) ([]output, error) {
	var all []output
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, convertDocument(&doc, r)...)
	}
	if len(all) == 0 {
		return nil, errors.New("has nothing of AILERON's kernel/network: want kind HTTPServer or HTTPClient, or dialConfig, listenConfig and the like")
	}
	return all, nil
}

// convertDocument looks at a resource, or at messages by their names.
func convertDocument(doc *yaml.Node, r *report) []output {
	if len(doc.Content) == 0 {
		return nil
	}
	root := deref(doc.Content[0])
	if root.Kind != yaml.MappingNode {
		r.add(root.Line, "document", "is not a mapping", true)
		return nil
	}
	var made []output
	if kind := text(field(root, "kind")); kind != "" {
		return resource(root, kind, r)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, value := root.Content[i].Value, deref(root.Content[i+1])
		m, ok := lookup(name)
		if !ok || m.ours == "" || value.Kind != yaml.MappingNode {
			r.add(root.Content[i].Line, name, "is not a message of kernel/network", true)
			continue
		}
		made = append(made, m.document(value, name, name, r)...)
	}
	return made
}

// resource converts one with apiVersion, kind and spec.
func resource(root *yaml.Node, kind string, r *report) []output {
	name := kind
	if n := text(field(deref(field(root, "metadata")), "name")); n != "" {
		name += " " + n
	}
	m, ok := lookup(kind)
	spec := deref(field(root, "spec"))
	if !ok || m.ours == "" {
		r.add(root.Line, name, "is not of the network: it is for a program of your own, or for examples/gateway", true)
		return nil
	}
	if spec == nil || spec.Kind != yaml.MappingNode {
		spec = &yaml.Node{Kind: yaml.MappingNode, Line: root.Line}
	}
	return m.document(spec, "spec", name, r)
}

// document converts a message of theirs that stands for itself.
func (m message) document(in *yaml.Node, path, from string, r *report) []output {
	var made []output
	out := newObject()
	c := &conv{in: in, path: path, out: out, r: r, made: &made}
	c.rows(m)
	if m.ours == several {
		return made
	}
	return append([]output{{message: m.ours, from: from, line: in.Line, content: out}}, made...)
}

// rows goes through the table, and reports what is not in it.
func (c *conv) rows(m message) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(c.in.Content); i += 2 {
		key := c.in.Content[i]
		row, ok := m.row(key.Value)
		switch {
		case !ok:
			c.r.add(key.Line, c.path+"."+key.Value, "is not a field of "+m.name, true)
		case seen[row.field]:
			c.r.add(key.Line, c.path+"."+key.Value, "is there twice", true)
		}
		seen[row.field] = true
	}
	for _, row := range m.rows {
		v := deref(c.value(row))
		if v != nil && v.Tag == "!!null" {
			v = nil
		}
		if v == nil && !row.always {
			continue
		}
		row.rule(c, row, v)
	}
}

// value returns what a field has, nil if it is not there.
func (c *conv) value(row row) *yaml.Node {
	for i := 0; i+1 < len(c.in.Content); i += 2 {
		if row.called(c.in.Content[i].Value) {
			return c.in.Content[i+1]
		}
	}
	return nil
}

// lostf reports a value that has no counterpart.
func (c *conv) lostf(row row, v *yaml.Node, format string, args ...any) {
	c.r.add(line(v, c.in), c.path+"."+row.field, fmt.Sprintf(format, args...), true)
}

// notef reports what is different, though nothing is lost.
func (c *conv) notef(row row, v *yaml.Node, format string, args ...any) {
	c.r.add(line(v, c.in), c.path+"."+row.field, fmt.Sprintf(format, args...), false)
}

func line(v, around *yaml.Node) int {
	if v != nil {
		return v.Line
	}
	return around.Line
}

// inside converts a message in a field into a part of ours.
func (c *conv) inside(name string, v *yaml.Node, path string, out *object) bool {
	m, ok := lookup(name)
	if !ok || v.Kind != yaml.MappingNode {
		c.r.add(v.Line, path, "is not a "+name, true)
		return false
	}
	inner := &conv{in: v, path: path, out: out, r: c.r, made: c.made, stream: c.stream}
	inner.rows(m)
	return true
}

// field returns the value of a key, nil if it is not there.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if strings.EqualFold(n.Content[i].Value, key) {
			return n.Content[i+1]
		}
	}
	return nil
}

func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func text(n *yaml.Node) string {
	if n = deref(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}
