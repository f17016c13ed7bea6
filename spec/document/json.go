package document

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON as RFC 8259 has it. Unlike encoding/json it keeps places,
// the digits of numbers and repeated keys, and refuses escapes of half a letter.
type scanner struct {
	*reader

	data         string
	pos          int
	line, column int
	counted      int // nodes
	err          error
	at           node // the place of err
}

// json returns the document as a tree, nil if it is none.
func (r *reader) json(data []byte) *node {
	s := &scanner{reader: r, data: string(data), line: 1, column: 1}
	n := s.value(1)
	if s.space(); s.err == nil && s.pos < len(s.data) {
		s.fault(s.unexpected("the end"))
	}
	if s.err != nil {
		r.stop(nil, &s.at, s.err)
		return nil
	}
	return n
}

// fault keeps the first error, and where it is.
func (s *scanner) fault(err error) {
	if s.err == nil {
		s.err, s.at = err, node{line: s.line, column: s.column}
	}
}

func (s *scanner) unexpected(want string) error {
	if s.pos >= len(s.data) {
		return fmt.Errorf("the document ends, want %s", want)
	}
	r, _ := utf8.DecodeRuneInString(s.data[s.pos:])
	return fmt.Errorf("%q, want %s", string(r), want)
}

// skip passes n bytes.
func (s *scanner) skip(n int) {
	for _, r := range s.data[s.pos : s.pos+n] {
		s.column++
		if r == '\n' {
			s.line, s.column = s.line+1, 1
		}
	}
	s.pos += n
}

// space passes white space and returns the byte behind it, 0 at the end.
func (s *scanner) space() byte {
	rest := s.data[s.pos:]
	s.skip(len(rest) - len(strings.TrimLeft(rest, " \t\r\n")))
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// take passes b, if it is next.
func (s *scanner) take(b byte) bool {
	if s.space() != b {
		return false
	}
	s.skip(1)
	return true
}

var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$`)

// notWord reports what ends a number or a word.
func notWord(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.+-", r)
}

// value reads one value; the document's is at depth 1.
func (s *scanner) value(depth int) *node {
	first := s.space()
	n := &node{line: s.line, column: s.column}
	s.counted++
	switch {
	case depth > s.MaxDepth && (first == '{' || first == '['):
		s.fault(tooDeep(s.MaxDepth))
	case s.counted > s.MaxNodes:
		s.fault(tooMany(s.MaxNodes))
	case first == '{':
		s.object(n, depth)
	case first == '[':
		s.array(n, depth)
	case first == '"':
		n.kind, n.text = text, s.str()
		s.substitute(n)
	default:
		s.word(n)
	}
	return n
}

func (s *scanner) object(n *node, depth int) {
	n.kind = object
	s.skip(1)
	for more := !s.take('}'); more && s.err == nil; {
		if s.space() != '"' {
			s.fault(s.unexpected("a name in quotes"))
			return
		}
		key := &node{kind: text, line: s.line, column: s.column}
		key.text = s.str()
		if !s.take(':') {
			s.fault(s.unexpected(`":"`))
			return
		}
		n.entries = append(n.entries, entry{key, s.value(depth + 1)})
		more = s.more('}')
	}
}

func (s *scanner) array(n *node, depth int) {
	n.kind = array
	s.skip(1)
	for more := !s.take(']'); more && s.err == nil; {
		n.items = append(n.items, s.value(depth+1))
		more = s.more(']')
	}
}

// more passes the comma before another member, or the end.
func (s *scanner) more(end byte) bool {
	if s.err != nil || s.take(end) {
		return false
	}
	if !s.take(',') {
		s.fault(s.unexpected(fmt.Sprintf(`"," or "%c"`, end)))
		return false
	}
	return true
}

// word reads a number, true, false or null.
func (s *scanner) word(n *node) {
	w := s.data[s.pos:]
	if end := strings.IndexFunc(w, notWord); end >= 0 {
		w = w[:end]
	}
	switch w {
	case "true", "false":
		n.kind = boolean
	case "null":
		n.kind = null
	case "":
		s.fault(s.unexpected("a value"))
		return
	default:
		n.kind = number
		if len(w) > longestNumber || !jsonNumber.MatchString(w) {
			s.fault(fmt.Errorf("%s is no value of JSON", quote(w)))
			return
		}
	}
	n.text = w
	s.skip(len(w))
}

var (
	errString = errors.New("text that begins here has no end")
	errEscape = errors.New(`want \", \\, \/, \b, \f, \n, \r, \t or \u and four hex digits that make a letter`)
	errBreak  = errors.New(`a line break or tab inside of text: write \n or \t`)
)

// str reads text in quotes.
func (s *scanner) str() string {
	start := node{line: s.line, column: s.column}
	s.skip(1)
	var b strings.Builder
	for {
		rest := s.data[s.pos:]
		plain := strings.IndexAny(rest, "\"\\\n\r\t")
		if plain < 0 {
			s.fault(errString)
			s.at = start
			return ""
		}
		b.WriteString(rest[:plain])
		s.skip(plain)
		switch rest[plain] {
		case '"':
			s.skip(1)
			return b.String()
		case '\\':
			letter, size := escape(rest[plain:])
			if size == 0 {
				s.fault(errEscape)
				return ""
			}
			b.WriteRune(letter)
			s.skip(size)
		default:
			s.fault(errBreak)
			return ""
		}
	}
}

// escape returns the letter that an escape stands for and its size, 0 for none.
func escape(s string) (letter rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	letter, ok := unit(s)
	if !ok || !utf16.IsSurrogate(letter) {
		return letter, map[bool]int{true: 6}[ok]
	}
	second, ok := unit(s[6:])
	if letter = utf16.DecodeRune(letter, second); !ok || letter == utf8.RuneError {
		return 0, 0
	}
	return letter, 12
}

// unit reads \uXXXX.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
