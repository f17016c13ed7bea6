package document

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^}]*))?\}`)

	errVariable = errors.New("want ${NAME} or ${NAME:-default}, or $$ for a dollar")
	errGrown    = errors.New("variables make the document too long")
)

// substitute puts the environment into n, a scalar. The result stays one scalar:
// it is never read as YAML or JSON.
func (r *reader) substitute(n *node) {
	if r.Env == nil || !strings.Contains(n.text, "$") {
		return
	}
	written := n.text
	value, used, err := r.expand(written)
	if err != nil {
		n.err = err
		return
	}
	n.text = value
	if !used {
		return
	}
	n.filled, n.shown = true, quote(written)
	if n.plain && value != "" { // an empty variable is text, not null
		n.kind = resolve(value)
	}
}

// expand replaces ${NAME}, ${NAME:-default} and $$, in one pass: what a variable
// brings is not looked at again.
func (r *reader) expand(s string) (value string, used bool, err error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$")
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), used, nil
		case strings.HasPrefix(rest, "$"):
			b.WriteByte('$')
			s = rest[1:]
			continue
		case !strings.HasPrefix(rest, "{"):
			b.WriteByte('$')
			s = rest
			continue
		}
		m := variable.FindStringSubmatch("$" + rest)
		if m == nil || strings.Contains(m[3], "${") {
			return "", false, errVariable
		}
		value, err := r.lookup(m[1], m[2] != "", m[3])
		if err != nil {
			return "", false, err
		}
		b.WriteString(value)
		used, s = true, rest[len(m[0])-1:]
	}
}

// lookup returns a variable, or what stands for one that is unset or empty.
func (r *reader) lookup(name string, optional bool, instead string) (string, error) {
	value, ok := r.Env(name)
	switch {
	case optional && value == "":
		value = instead
	case !ok:
		return "", fmt.Errorf("variable %s is not set", name)
	}
	if err := unreadable([]byte(value), false); err != nil {
		return "", fmt.Errorf("variable %s: %w", name, err.error)
	}
	if r.bytes += len(value); r.bytes > r.MaxBytes {
		return "", errGrown
	}
	return value, nil
}
