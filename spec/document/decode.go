package document

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// enter counts a value and checks how deep it is. It returns false when nothing
// is to be done with it.
func (r *reader) enter(at *step, n *node, depth int) bool {
	if r.nodes++; r.nodes > r.MaxNodes {
		r.stop(at, n, tooMany(r.MaxNodes))
	} else if depth > r.MaxDepth && !n.isScalar() {
		r.stop(at, n, tooDeep(r.MaxDepth))
	}
	if n.err != nil {
		r.fail(at, n, "", n.err)
	}
	return !r.over && n.err == nil
}

// message fills m. What is inside of a secret is secret too.
func (r *reader) message(at *step, n *node, m protoreflect.Message, secret bool, depth int) *place {
	p := &place{line: n.line, column: n.column}
	if known, ok := wellKnown[m.Descriptor().FullName()]; ok {
		known(r, at, n, m, secret, depth)
		return p
	}
	if !r.enter(at, n, depth) {
		return p
	}
	if n.kind != object { // what should be inside, like a password, may stand in its place
		r.mismatch(at, n, secret || holdsSecret(m.Descriptor()), "an object")
		return p
	}
	seen := map[protoreflect.FieldNumber]*node{}
	for _, e := range n.entries {
		if fd := r.member(at, e.key, m, seen); fd != nil {
			hidden := secret || redacted(fd)
			p.name(string(fd.Name()), r.field(at.field(string(fd.Name())), e.value, m, fd, hidden, depth+1))
		}
		if r.over {
			break
		}
	}
	return p
}

// redacted reports whether errors must not show the field.
func redacted(fd protoreflect.FieldDescriptor) bool {
	o, ok := fd.Options().(*descriptorpb.FieldOptions)
	return ok && o.GetDebugRedact()
}

// holdsSecret reports whether a field of the message is a secret; nil has none.
func holdsSecret(d protoreflect.MessageDescriptor) bool {
	if d == nil {
		return false
	}
	for i := range d.Fields().Len() {
		if redacted(d.Fields().Get(i)) {
			return true
		}
	}
	return false
}

// member returns the field of a key, nil if it has none or a second time.
func (r *reader) member(at *step, key *node, m protoreflect.Message, seen map[protoreflect.FieldNumber]*node) protoreflect.FieldDescriptor {
	switch {
	case key.err != nil:
		r.fail(at, key, "", key.err)
		return nil
	case !isKey(key):
		r.fail(at, key, "", errKey)
		return nil
	}
	fields := m.Descriptor().Fields()
	fd := fields.ByName(protoreflect.Name(key.text))
	if fd == nil {
		fd = fields.ByJSONName(key.text)
	}
	if fd == nil {
		r.fail(at.entry(key.text), key, "", r.unknown(at, key.text, m.Descriptor()))
		return nil
	}
	if first := seen[fd.Number()]; first != nil {
		r.fail(at.field(string(fd.Name())), key, "", given(first))
		return nil
	}
	seen[fd.Number()] = key
	return fd
}

func given(first *node) error {
	return fmt.Errorf("given twice, first in line %d", first.line)
}

var errKey = errors.New("a key must be text")

func isKey(n *node) bool { return n.isScalar() && n.kind != null && n.err == nil }

// field sets one field of m, or leaves it unset for null.
func (r *reader) field(at *step, n *node, m protoreflect.Message, fd protoreflect.FieldDescriptor, secret bool, depth int) *place {
	p := &place{line: n.line, column: n.column}
	if n.kind == null && n.err == nil && !takesNull(fd, n) {
		if n.bare {
			r.fail(at, n, "", errBareNull)
		}
		return p
	}
	if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() {
		if other := m.WhichOneof(o); other != nil {
			r.fail(at, n, "", excludes(o, other))
			return p
		}
	}
	switch {
	case fd.IsList():
		return r.list(at, n, m.Mutable(fd).List(), fd, secret, depth)
	case fd.IsMap():
		return r.dict(at, n, m.Mutable(fd).Map(), fd, secret, depth)
	case fd.Message() != nil:
		inner, before := m.NewField(fd), len(r.errs)
		p = r.message(at, n, inner.Message(), secret, depth)
		if len(r.errs) == before || wellKnown[fd.Message().FullName()] == nil { // a bad duration is not 0
			m.Set(fd, inner)
		}
	case r.enter(at, n, depth):
		if v, ok := r.scalar(at, n, fd, secret); ok {
			m.Set(fd, v)
		}
	}
	return p
}

// takesNull reports whether null is a value of the field, or text that a variable
// brought.
func takesNull(fd protoreflect.FieldDescriptor, n *node) bool {
	if fd.IsList() || fd.IsMap() {
		return false
	}
	if fd.Message() != nil {
		return fd.Message().FullName() == "google.protobuf.Value" && !n.bare
	}
	return n.filled && fd.Kind() == protoreflect.StringKind
}

func excludes(o protoreflect.OneofDescriptor, other protoreflect.FieldDescriptor) error {
	var names []string
	for i := range o.Fields().Len() {
		names = append(names, string(o.Fields().Get(i).Name()))
	}
	return fmt.Errorf("%s is given already: one of %s is allowed", other.Name(), list(names, "and"))
}

func (r *reader) list(at *step, n *node, l protoreflect.List, fd protoreflect.FieldDescriptor, secret bool, depth int) *place {
	p := &place{line: n.line, column: n.column}
	if !r.enter(at, n, depth) {
		return p
	}
	if n.kind != array {
		r.mismatch(at, n, secret || holdsSecret(fd.Message()), "a list")
		return p
	}
	for i, item := range n.items {
		if r.over {
			break
		}
		inner := &place{line: item.line, column: item.column}
		v, ok := r.element(at.item(i), item, fd, l.NewElement, &inner, secret, depth+1)
		if !ok {
			v = l.NewElement() // those that follow keep their index
		}
		l.Append(v)
		p.items = append(p.items, inner)
	}
	return p
}

func (r *reader) dict(at *step, n *node, m protoreflect.Map, fd protoreflect.FieldDescriptor, secret bool, depth int) *place {
	p := &place{line: n.line, column: n.column}
	if !r.enter(at, n, depth) {
		return p
	}
	if n.kind != object {
		r.mismatch(at, n, secret || holdsSecret(fd.MapValue().Message()), "an object")
		return p
	}
	seen := map[any]*node{}
	for _, e := range n.entries {
		if r.over {
			break
		}
		key, ok := r.key(at, e.key, fd.MapKey(), seen)
		if !ok {
			continue
		}
		inner := &place{line: e.value.line, column: e.value.column}
		if v, ok := r.element(at.entry(e.key.text), e.value, fd.MapValue(), m.NewValue, &inner, secret, depth+1); ok {
			m.Set(key, v)
		}
		p.name(e.key.text, inner)
	}
	return p
}

var (
	errNothing = errors.New("has no value")
	errNull    = errors.New("must not be null")
)

// element returns an item of a list or a value of a map; those cannot be unset.
func (r *reader) element(at *step, n *node, fd protoreflect.FieldDescriptor, fresh func() protoreflect.Value, p **place, secret bool, depth int) (protoreflect.Value, bool) {
	if n.kind == null && n.err == nil && !takesElement(fd, n) {
		r.fail(at, n, "", map[bool]error{true: errNothing, false: errNull}[n.bare])
		return protoreflect.Value{}, false
	}
	if fd.Message() != nil {
		v := fresh()
		*p = r.message(at, n, v.Message(), secret, depth)
		return v, true
	}
	if !r.enter(at, n, depth) {
		return protoreflect.Value{}, false
	}
	return r.scalar(at, n, fd, secret)
}

func takesElement(fd protoreflect.FieldDescriptor, n *node) bool {
	if fd.Message() != nil {
		return fd.Message().FullName() == "google.protobuf.Value" && !n.bare
	}
	return n.filled && fd.Kind() == protoreflect.StringKind
}

// key reads the key of a map.
func (r *reader) key(at *step, n *node, fd protoreflect.FieldDescriptor, seen map[any]*node) (protoreflect.MapKey, bool) {
	if n.err == nil && !isKey(n) {
		n = &node{line: n.line, column: n.column, err: errKey}
	}
	if n.err != nil {
		r.fail(at, n, "", n.err)
		return protoreflect.MapKey{}, false
	}
	v, err := keyValue(n.text, fd)
	if err != nil {
		r.fail(at.entry(n.text), n, "", fmt.Errorf("as key: %w", err))
		return protoreflect.MapKey{}, false
	}
	if first := seen[v.Interface()]; first != nil {
		r.fail(at.entry(n.text), n, "", given(first))
		return protoreflect.MapKey{}, false
	}
	seen[v.Interface()] = n
	return v.MapKey(), true
}
