package sockspec

import (
	"maps"
	"math"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// levels are the fields of SockOption: a message for each level.
var levels = (&specv1.SockOption{}).ProtoReflect().Descriptor().Fields()

// switchOff ends the name of a field that switches an option off.
const switchOff = "_off"

// places has the place of each kernel name in the schema, which is that of the table.
var places = maps.Collect(func(yield func(string, int) bool) {
	n := 0
	for i := range levels.Len() {
		fields := levels.Get(i).Message().Fields()
		for k := range fields.Len() {
			name, _ := option(levels.Get(i), fields.Get(k))
			if !yield(name, n) {
				return
			}
			n++
		}
	}
})

// position is where an option comes in the list.
func position(name string) int {
	if n, ok := places[name]; ok {
		return n
	}
	return math.MaxInt
}

// option returns the kernel name of a field's option, and whether the field switches
// it off.
func option(level, field protoreflect.FieldDescriptor) (name string, off bool) {
	name = strings.ToUpper(string(level.Name()) + "_" + string(field.Name()))
	if _, ok := sockopt.Lookup(name); !ok {
		return strings.TrimSuffix(name, strings.ToUpper(switchOff)), true
	}
	return name, false
}

// typed returns the options of the typed messages, in their order.
func typed(p *build.Problems, socket *specv1.SockOption) []*entry {
	var entries []*entry
	m := socket.ProtoReflect()
	for i := range levels.Len() {
		level := levels.Get(i)
		fields := level.Message().Fields()
		for k := range fields.Len() {
			if values := m.Get(level).Message(); values.Has(fields.Get(k)) {
				entries = append(entries, field(p, level, fields.Get(k), values.Get(fields.Get(k))))
			}
		}
	}
	return entries
}

// field returns the option of one field.
func field(p *build.Problems, level, field protoreflect.FieldDescriptor, v protoreflect.Value) *entry {
	name, off := option(level, field)
	e := &entry{path: "socket." + string(level.Name()) + "." + string(field.Name()), name: name, value: v.Interface(), text: v.String()}
	switch {
	case off && !v.Bool():
		e.refusef(p, "true switches the option off, false says nothing: leave it out")
	case off:
		e.text = "off"
	case field.Message() != nil:
		d, _ := v.Message().Interface().(*durationpb.Duration)
		e.duration(p, d)
	case field.Kind() == protoreflect.StringKind:
		e.spaces(p)
	}
	return e
}

// duration takes a duration as the value.
func (e *entry) duration(p *build.Problems, d *durationpb.Duration) {
	var own build.Problems
	e.value, e.text = d, own.Duration(e.path, d).String()
	if err := own.Err(); err != nil {
		e.bad = true
		p.Nest("", err)
	}
}

// spaces refuses a text with spaces around it, which sockopt.Parse would take off.
func (e *entry) spaces(p *build.Problems) {
	if strings.TrimSpace(e.text) != e.text {
		e.refusef(p, "spaces around the value")
	}
}
