// Package build has what the builders share: collecting what is wrong, and
// turning values of messages into those of Go.
package build

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/sockopt/access"
	"github.com/strata-net/strata/spec"
)

// Problems collects an *spec.Error for each bad field of a message, so that a
// caller hears of all at once. The zero value has none.
type Problems struct {
	list []error
}

// Add notes a bad field, unless err is nil. A value is shown as JSON would show
// it; nil is none.
func (p *Problems) Add(path string, value any, err error) {
	if err != nil {
		p.list = append(p.list, &spec.Error{Path: path, Value: text(value), Err: err})
	}
}

// Addf notes a bad field.
func (p *Problems) Addf(path string, value any, format string, args ...any) {
	p.Add(path, value, fmt.Errorf(format, args...))
}

// Because notes a bad field for which short says why; the error unwraps to whole,
// which says the field again.
func (p *Problems) Because(path string, value any, short, whole error) {
	p.Add(path, value, &cause{short: short, whole: whole})
}

// Nest notes what is wrong with a nested message: *spec.Errors whose paths begin
// there.
func (p *Problems) Nest(path string, err error) {
	for _, e := range spec.Errors(spec.At(path, err)) {
		p.list = append(p.list, e)
	}
}

// Err returns all of them joined, nil if there are none.
func (p *Problems) Err() error { return errors.Join(p.list...) }

// Has reports whether the field, or one inside of it, is noted already: what a
// module says of it then only follows.
func (p *Problems) Has(path string) bool {
	for _, e := range spec.Errors(p.Err()) {
		if rest, ok := strings.CutPrefix(e.Path, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case *durationpb.Duration:
		return strconv.Quote(v.AsDuration().String())
	case time.Duration:
		return strconv.Quote(v.String())
	case string:
		return strconv.Quote(v)
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(value)
}

// Duration returns d, 0 for nil.
func (p *Problems) Duration(path string, d *durationpb.Duration) time.Duration {
	if d == nil {
		return 0
	}
	if d.CheckValid() != nil {
		// Its error has spaces that differ from program to program, on purpose.
		p.Addf(path, nil, "seconds=%d, nanos=%d is not a duration: seconds are within 10,000 years, nanos below 10^9, both of one sign", d.GetSeconds(), d.GetNanos())
		return 0
	}
	v := d.AsDuration()
	if v == math.MaxInt64 || v == math.MinInt64 {
		p.Addf(path, fmt.Sprintf("%ds", d.GetSeconds()), "beyond what a duration can be, 292 years")
		return 0
	}
	return v
}

// Integer is what the schema has of integers.
type Integer interface {
	~int32 | ~int64 | ~uint32 | ~uint64
}

// Int returns v as a T, 0 for nil; what a T cannot hold is noted.
func Int[T ~int | ~int64 | ~uint32 | ~uint64 | ~uint16 | ~uint8, V Integer](p *Problems, path string, v *V) T {
	if v == nil {
		return 0
	}
	t := T(*v)
	if V(t) != *v || (t < 0) != (*v < 0) {
		p.Addf(path, *v, "out of range")
		return 0
	}
	return t
}

// Prefixes reads IP prefixes and addresses.
func (p *Problems) Prefixes(path string, texts []string) []netip.Prefix {
	var list []netip.Prefix
	for i, s := range texts {
		prefix, err := access.ParsePrefix(s)
		p.Add(fmt.Sprintf("%s[%d]", path, i), s, err)
		list = append(list, prefix)
	}
	return list
}
