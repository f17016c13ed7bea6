package sockspec

import (
	"errors"
	"slices"
	"strings"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
)

// An entry is one option of a message, as text.
type entry struct {
	path   string // of the field
	name   string // the kernel's, or level/number
	value  any    // as the document has it
	text   string // as sockopt.Parse reads it
	prefer bool
	bad    bool // noted already
}

// option parses the entry, and checks what does not depend on network and stage.
func (e *entry) option(p *build.Problems) (sockopt.Option, bool) {
	if e.bad {
		return sockopt.Option{}, false
	}
	o, err := sockopt.Parse(e.name + "=" + e.text)
	if err == nil && e.prefer {
		o = sockopt.Prefer(o)
	}
	if err == nil {
		err = sockopt.Options{o}.Check("")
	}
	if err != nil {
		e.refuse(p, err)
		return sockopt.Option{}, false
	}
	return o, true
}

// refuse notes what sockopt says, whose path and value need not be said twice.
func (e *entry) refuse(p *build.Problems, err error) {
	e.bad = true
	short := err
	if whole, ok := build.Is[*sockopt.Error](err); ok {
		err, short = whole, whole.Err
	}
	p.Because(e.path, e.value, short, err)
}

// refusef notes what only the schema refuses.
func (e *entry) refusef(p *build.Problems, text string) {
	e.refuse(p, &sockopt.Error{Op: "parse", Option: e.name, Value: e.text, Err: errors.New(text)})
}

// once notes the options that stand twice.
func once(p *build.Problems, entries []*entry) {
	first := map[string]*entry{}
	for _, e := range entries {
		if f := first[e.name]; f == nil {
			first[e.name] = e
		} else if !e.bad {
			e.refusef(p, "the same option as "+f.path+", which has it already")
		}
	}
}

// sorted orders the entries as the table does, what it lacks at the end, by name.
func sorted(entries []*entry) []*entry {
	slices.SortStableFunc(entries, func(a, b *entry) int {
		i, j := position(a.name), position(b.name)
		if i != j {
			return i - j
		}
		return strings.Compare(a.name, b.name)
	})
	return entries
}
