package document

import (
	"errors"
	"strconv"
	"strings"

	"github.com/strata-net/strata/spec"
)

// Source knows where a document has which field. It holds no values, and may be
// used concurrently. nil knows nothing.
type Source struct {
	file string
	root *place
}

// place is where a value begins, and where what is inside of it does.
type place struct {
	line, column int
	names        map[string]*place
	items        []*place
}

// Locate returns err with the document's name, line and column in every
// *[spec.Error] in it that has none, by its path; what the document does not have
// gets the place of what it would be in. Errors of other kinds get the name. It
// copies. Documents of protobuf's text and binary forms have no places, only a name.
func (s *Source) Locate(err error) error {
	if s == nil || err == nil {
		return err
	}
	var all []error
	for _, e := range spec.Errors(err) {
		c := *e
		if c.File == "" {
			c.File = s.file
		}
		if c.Line == 0 && c.File == s.file && s.root != nil {
			p := s.root.find(c.Path)
			c.Line, c.Column = p.line, p.column
		}
		all = append(all, &c)
	}
	return errors.Join(all...)
}

// find walks along the path as far as it goes. Keys of maps may have dots: the
// longest that fits wins.
func (p *place) find(path string) *place {
	for path != "" {
		next, rest := p.next(path)
		if next == nil {
			return p
		}
		p, path = next, rest
	}
	return p
}

func (p *place) next(path string) (*place, string) {
	if inner, ok := strings.CutPrefix(path, "["); ok {
		return p.bracket(inner)
	}
	path = strings.TrimPrefix(path, ".")
	for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
		if next := p.names[path[:end]]; next != nil {
			return next, path[end:]
		}
	}
	return nil, ""
}

// bracket reads an index or a key in quotes.
func (p *place) bracket(path string) (*place, string) {
	if key, err := strconv.QuotedPrefix(path); err == nil {
		rest, _ := strings.CutPrefix(path[len(key):], "]")
		key, _ = strconv.Unquote(key)
		return p.names[key], rest
	}
	digits, rest, _ := strings.Cut(path, "]")
	i, err := strconv.Atoi(digits)
	if err != nil || i < 0 || i >= len(p.items) {
		return nil, ""
	}
	return p.items[i], rest
}

func (p *place) name(name string, inner *place) {
	if p.names == nil {
		p.names = map[string]*place{}
	}
	p.names[name] = inner
}
