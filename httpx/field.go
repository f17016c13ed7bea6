package httpx

import (
	"errors"
	"strings"
)

// fieldScanner takes a header field apart (RFC 9110, section 5.6).
type fieldScanner struct{ rest string }

var (
	errFieldValue = errors.New("the value of a parameter is missing")
	errFieldQuote = errors.New("a quoted value does not end")
	errFieldByte  = errors.New("a quoted value has a control character")
)

func (s *fieldScanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// take skips b if it is next.
func (s *fieldScanner) take(b byte) bool {
	ok := s.rest != "" && s.rest[0] == b
	if ok {
		s.rest = s.rest[1:]
	}
	return ok
}

// token reads one, "" if there is none.
func (s *fieldScanner) token() string {
	n := 0
	for n < len(s.rest) && isToken(s.rest[n]) {
		n++
	}
	t := s.rest[:n]
	s.rest = s.rest[n:]
	return t
}

// value reads the value of a parameter: a token or a quoted string.
func (s *fieldScanner) value() (string, error) {
	if s.take('"') {
		return s.quoted()
	}
	if t := s.token(); t != "" {
		return t, nil
	}
	return "", errFieldValue
}

// quoted reads the rest of a quoted string, without its backslashes.
func (s *fieldScanner) quoted() (string, error) {
	var b strings.Builder
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		if c == '"' {
			s.rest = s.rest[i+1:]
			return b.String(), nil
		}
		if c == '\\' && i+1 < len(s.rest) {
			i++
			c = s.rest[i]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", errFieldByte
		}
		b.WriteByte(c)
	}
	return "", errFieldQuote
}

// isToken says whether a byte may be in a token.
func isToken(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}
