package build

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/strata-net/strata/spec"
)

// Blame is what a module's *Error says: the Go field, its value, the cause.
type Blame struct {
	Field, Value string
	Err          error
}

// Module notes the errors that a module's constructor or Check returned. blame
// takes its *Error apart (false: it is another error); its Go field becomes the
// message's by name ("MaxConns" is max_conns, "Options[2]" options) unless names,
// from Go fields to paths, has another. What is noted already is left out, since
// the module then saw a field that could not be converted.
func (p *Problems) Module(err error, names map[string]string, blame func(error) (Blame, bool)) {
	before := Problems{list: p.list} // the module may say more than one thing of a field
	for _, err := range Flatten(err) {
		b, ok := blame(err)
		if !ok {
			p.Add("", nil, err)
			continue
		}
		path := path(b.Field, names)
		if path != "" && before.Has(path) {
			continue
		}
		p.list = append(p.list, &spec.Error{Path: path, Value: b.Value, Err: &cause{short: b.Err, whole: err}})
	}
}

// cause says what the innermost error says, and unwraps to the module's.
type cause struct{ short, whole error }

func (c *cause) Error() string { return c.short.Error() }
func (c *cause) Unwrap() error { return c.whole }

// Flatten takes joined errors apart, also those inside of wrappers that add nothing.
func Flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, err := range joined.Unwrap() {
		list = append(list, Flatten(err)...)
	}
	return list
}

var segment = regexp.MustCompile(`^([A-Za-z0-9]+)(.*)$`)

// path turns "Certificates[1].Key" into "certificates[1].key"; the longest
// beginning that names has goes before that.
func path(field string, names map[string]string) string {
	for whole := field; ; {
		if to, ok := names[whole]; ok {
			return to + snakes(field[len(whole):])
		}
		i := strings.LastIndexAny(whole, ".[")
		if i < 0 {
			break
		}
		whole = whole[:i]
	}
	return snakes(field)
}

func snakes(field string) string {
	parts := strings.Split(field, ".")
	for i, part := range parts {
		if m := segment.FindStringSubmatch(part); m != nil {
			parts[i] = Snake(m[1]) + m[2]
		}
	}
	return strings.Join(parts, ".")
}

// Snake turns a Go name into a field's: "MaxConnsPerSource" into
// "max_conns_per_source", "TLSConfig" into "tls_config", "ClientCAs" into
// "client_cas".
func Snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if unicode.IsUpper(r) && i > 0 {
			next := i+1 < len(letters) && unicode.IsLower(letters[i+1]) && string(letters[i+1:]) != "s"
			if unicode.IsLower(letters[i-1]) || unicode.IsDigit(letters[i-1]) || next {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Is reports whether err is, or wraps, an E.
func Is[E error](err error) (E, bool) {
	var e E
	ok := errors.As(err, &e)
	return e, ok
}
