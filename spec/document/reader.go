package document

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/spec"
)

// reader is what one Unmarshal knows.
type reader struct {
	Options

	file  string
	errs  []error
	nodes int
	over  bool // a limit is passed: what follows is not looked at
	bytes int  // that variables brought
	root  protoreflect.MessageDescriptor
	names *index
	meant []string // fields that unknown ones were probably meant for
}

var errMore = errors.New("and more errors from here on")

// fail notes an error at a place.
func (r *reader) fail(at *step, n *node, shown string, err error) {
	if r.over {
		return
	}
	e := &spec.Error{File: r.file, Path: at.String(), Value: shown, Err: err}
	if n != nil {
		e.Line, e.Column = n.line, n.column
	}
	if len(r.errs) == r.MaxErrors {
		e.Path, e.Value, e.Err, r.over = "", "", errMore, true
	}
	r.errs = append(r.errs, e)
}

// stop notes the error of a limit, which ends the reading.
func (r *reader) stop(at *step, n *node, err error) {
	r.fail(at, n, "", err)
	r.over = true
}

// read fills m and returns the places, nil for formats that have none.
func (r *reader) read(data []byte, m protoreflect.Message) *place {
	r.root = m.Descriptor()
	if r.Format == Binary {
		r.binary(data, m)
		return nil
	}
	if err := unreadable(data, r.Format == YAML); err != nil {
		r.fail(nil, &node{line: err.line, column: err.column}, "", err.error)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var root *node
	switch r.Format {
	case YAML:
		root = r.yaml(data)
	case JSON:
		root = r.json(data)
	case Text:
		r.text(data, m)
	default:
		r.fail(nil, nil, "", fmt.Errorf("no such format: %v", r.Format))
	}
	if root == nil {
		return nil
	}
	return r.message(nil, root, m, false, 1)
}

// unreadable finds the first letter that a text, or one in YAML, must not have.
func unreadable(data []byte, yaml bool) *placed {
	line, column := 1, 1
	for i := 0; i < len(data); {
		letter, size := utf8.DecodeRune(data[i:])
		switch {
		case letter == utf8.RuneError && size == 1:
			return &placed{fmt.Errorf("byte 0x%02x is not UTF-8", data[i]), line, column}
		case letter < ' ' && letter != '\t' && letter != '\n' && letter != '\r':
			return &placed{fmt.Errorf("control character %U", letter), line, column}
		case yaml && i > 0 && strange(letter):
			return &placed{fmt.Errorf("the letter %U: YAML wants it written as an escape in double quotes", letter), line, column}
		}
		column++
		if letter == '\n' {
			line, column = line+1, 1
		}
		i += size
	}
	return nil
}

// strange reports letters that YAML 1.2 does not have, and those that end a line
// in 1.1 only: the parser makes a space of them.
func strange(letter rune) bool {
	return letter >= 0x7f && letter < 0xa0 || letter == 0x2028 || letter == 0x2029 || letter == 0xfeff || letter == 0xfffe || letter == 0xffff
}
