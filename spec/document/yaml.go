package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

var errEmpty = errors.New("the document is empty: write {} for a message without fields")

// yaml returns the document as a tree, nil if it is none.
func (r *reader) yaml(data []byte) *node {
	if err := r.affordable(data); err != nil {
		r.stop(nil, nil, err)
		return nil
	}
	root, err := parseYAML(data, r.MaxDepth)
	if err != nil {
		r.failYAML(err)
		return nil
	}
	t := &tree{reader: r, done: map[*yaml.Node]*node{}}
	return t.node(root)
}

// maxHandles bounds %TAG directives: the parser compares each with all others.
const maxHandles = 16

// affordable bounds what the parser can make of data: each node takes one of
// these marks, and costs it some 500 bytes and 5 microseconds.
func (r *reader) affordable(data []byte) error {
	marks := 1
	for i, b := range data {
		switch b {
		case ',', '[', '{':
			marks++
		case '-', '?', ':':
			if i+1 == len(data) || strings.IndexByte(" \t\r\n,[]{}\"'", data[i+1]) >= 0 ||
				b == ':' && i > 0 && strings.IndexByte("\"']}", data[i-1]) >= 0 {
				marks++
			}
		}
	}
	if marks > r.MaxNodes {
		return tooMany(r.MaxNodes)
	}
	if bytes.Count(data, []byte("%TAG")) > maxHandles {
		return fmt.Errorf("more than %d times %%TAG", maxHandles)
	}
	return nil
}

var errDocuments = errors.New("a second document begins: one is allowed")

// parseYAML returns the root of the only document.
func parseYAML(data []byte, depth int) (root *yaml.Node, err error) {
	defer func() { // the parser's own mistakes are not the caller's
		if v := recover(); v != nil {
			err = fmt.Errorf("the parser of YAML failed: %v", v)
		}
	}()
	limit := loaderlimits.DepthFunc(func(n int, _ *loaderlimits.DepthContext) error {
		if n > depth {
			return tooDeep(depth)
		}
		return nil
	})
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(limit)))
	if err != nil {
		return nil, err
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) {
		return nil, &placed{errEmpty, 1, 1}
	} else if err != nil {
		return nil, err
	}
	if err := loader.Load(&second); err == nil {
		return nil, &placed{errDocuments, second.Line, second.Column}
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if root = first.Content[0]; root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0 {
		return nil, &placed{errEmpty, 1, 1} // maybe it is being written
	}
	return root, nil
}

// placed is an error of a place.
type placed struct {
	error

	line, column int
}

// failYAML notes the parser's error at its place.
func (r *reader) failYAML(err error) {
	var known *yaml.LoadError
	var own *placed
	switch {
	case errors.As(err, &own):
		r.fail(nil, &node{line: own.line, column: own.column}, "", own.error)
	case errors.As(err, &known):
		at := &node{line: max(known.Mark.Line, 1), column: max(known.Mark.Column, 1)}
		message := known.Message
		if known.ContextMsg != "" && !strings.HasPrefix(message, "nested") {
			message += " " + known.ContextMsg
		}
		r.fail(nil, at, "", &cause{message, err})
	default:
		r.fail(nil, nil, "", err)
	}
}

// tree turns the parser's nodes into ours.
type tree struct {
	*reader

	done map[*yaml.Node]*node // nil while what is inside is being turned
}

var (
	errLoop  = errors.New("an alias stands for what it is in")
	errMerge = errors.New("merge keys are no part of YAML 1.2: repeat the fields, or use an alias for the whole value")
	errTag   = errors.New("tags other than !!str, !!int, !!float, !!bool, !!null, !!seq and !!map are not allowed")
)

// key turns the key of a mapping, which is kept as it is. What is no scalar is not
// looked into: aliases in it would stand for more and more.
func (t *tree) key(y *yaml.Node) *node {
	n := &node{line: y.Line, column: y.Column}
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if y.Kind != yaml.ScalarNode {
		n.err = errKey
		return n
	}
	t.scalar(n, y)
	t.tag(n, y)
	return n
}

// node turns a value, which gets the environment.
func (t *tree) node(y *yaml.Node) *node {
	if y.Kind == yaml.AliasNode {
		n, known := t.done[y.Alias]
		switch {
		case known && n == nil:
			return &node{line: y.Line, column: y.Column, err: errLoop}
		case known:
			return n
		}
		y = y.Alias
	}
	t.done[y] = nil
	n := &node{line: y.Line, column: y.Column}
	switch y.Kind {
	case yaml.SequenceNode:
		t.sequence(n, y)
	case yaml.MappingNode:
		t.mapping(n, y)
	default:
		t.scalar(n, y)
		t.substitute(n)
	}
	t.tag(n, y)
	t.done[y] = n
	return n
}

func (t *tree) sequence(n *node, y *yaml.Node) {
	n.kind = array
	for _, inner := range y.Content {
		n.items = append(n.items, t.node(inner))
	}
}

// mapping puts what begins below its key where the key is: that is where people
// look for it.
func (t *tree) mapping(n *node, y *yaml.Node) {
	n.kind = object
	for i := 0; i+1 < len(y.Content); i += 2 {
		e := entry{t.key(y.Content[i]), t.node(y.Content[i+1])}
		if k := y.Content[i]; k.Value == "<<" && k.Style == 0 && k.Kind == yaml.ScalarNode {
			e.key.err = errMerge
		}
		below := !e.value.isScalar() && e.value.line > e.key.line && y.Content[i+1].Kind != yaml.AliasNode
		if below || e.value.bare && y.Content[i+1].Kind != yaml.AliasNode {
			e.value.line, e.value.column = e.key.line, e.key.column
		}
		n.entries = append(n.entries, e)
	}
}

const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func (t *tree) scalar(n *node, y *yaml.Node) {
	n.kind, n.text = text, y.Value
	if y.Style&quotedStyles == 0 && (y.Style&yaml.TaggedStyle == 0 || y.Tag != "!!str") {
		n.plain, n.kind = true, resolve(y.Value)
		n.bare = y.Value == "" && y.Style&yaml.TaggedStyle == 0
	}
}

// tag checks an explicit tag against what the value is.
func (t *tree) tag(n *node, y *yaml.Node) {
	if y.Style&yaml.TaggedStyle == 0 || n.err != nil {
		return
	}
	tags := map[string]kind{"!!str": text, "!!int": number, "!!float": number, "!!bool": boolean, "!!null": null, "!!seq": array, "!!map": object}
	want, ok := tags[y.Tag]
	switch {
	case !ok:
		n.err = errTag
	case want != n.kind, y.Tag == "!!int" && !integerForm.MatchString(n.text):
		n.err = fmt.Errorf("is not what its tag %s says", y.Tag)
	}
}
