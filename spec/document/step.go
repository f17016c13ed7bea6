package document

import (
	"slices"
	"strconv"
	"strings"
)

// step is the path to a field, from its end; nil is the message itself. Paths
// are written for errors only, since keys of maps may be long.
type step struct {
	parent *step
	name   string // of a field
	key    string // of a map, if name is ""
	index  int    // of a list, if it is not -1
}

func (s *step) field(name string) *step { return &step{parent: s, name: name, index: -1} }

func (s *step) entry(key string) *step { return &step{parent: s, key: key, index: -1} }

func (s *step) item(i int) *step { return &step{parent: s, index: i} }

// String returns the path, such as listeners[0].tls.options.TCP_KEEPIDLE. A key
// with other than letters, digits, _ and - is in brackets and quotes.
func (s *step) String() string {
	var parts []string
	for ; s != nil; s = s.parent {
		parts = append(parts, s.segment())
	}
	var b strings.Builder
	for _, part := range slices.Backward(parts) {
		if b.Len() > 0 && part[0] != '[' {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

func (s *step) segment() string {
	switch {
	case s.index >= 0:
		return "[" + strconv.Itoa(s.index) + "]"
	case s.name != "":
		return s.name
	case isName(s.key) && len(s.key) <= clipAt:
		return s.key
	}
	return "[" + quote(s.key) + "]"
}

// isName reports whether s is of letters, digits, _ and -.
func isName(s string) bool {
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	return s != "" && !strings.ContainsFunc(s, other)
}

// clipAt is how many bytes of a value errors show.
const clipAt = 64

// clip cuts what is too long to be shown.
func clip(s string) string {
	if len(s) <= clipAt {
		return s
	}
	return strings.ToValidUTF8(s[:clipAt], "") + "..."
}

func quote(s string) string { return strconv.Quote(clip(s)) }
