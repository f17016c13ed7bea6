// Package spectest has what the tests of the builders share: the proof that each
// field of a message takes effect, and that nothing is left behind.
package spectest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Case is a message and what is made of it.
//
// Its tables go by field path: "timeout", "tls.min_version", and for what is
// inside of a list or a map the same without index and key:
// "certificates.key.file". An entry that no field has is a failure.
type Case struct {
	// New returns a valid message with as little in it as possible.
	New func() proto.Message
	// Map is the mapper. What it returns is compared, unexported fields too;
	// functions are the same if their code is. So Map should take out what
	// differs from call to call.
	Map func(proto.Message) (any, error)
	// Samples are values of fields, for those where the generic ones are not
	// valid. Numbers, texts and bools as Go has them, a time.Duration, an enum by
	// the name of its value, a message; for a list or a map one element or a
	// slice or map of them. Of a message that is not Foreign, it is what the
	// tests of the fields inside begin with.
	Samples map[string]any
	// Needs are merged into the message of New for the tests of this field and of
	// those inside of it, both for the message with the field and for the one
	// without: what a field cannot be without.
	Needs map[string]proto.Message
	// Proofs run for fields whose effect cannot be seen in what Map returns; they
	// show it on what is built.
	Proofs map[string]func(t *testing.T)
	// Foreign are messages whose fields are proved by another test. Here they are
	// tested as a whole: they need a sample that takes effect, or a proof.
	Foreign []proto.Message
}

// EveryField sets each field of the message by itself, those of nested messages
// too, and fails where that makes no difference and where there is no proof.
// Every value of an enum is tried, unless there is a sample. Map must not change
// its message.
func EveryField(t *testing.T, c *Case) {
	t.Helper()
	fields := c.fields()
	for _, f := range fields {
		t.Run(f.path, func(t *testing.T) { c.prove(t, f) })
	}
	for _, problem := range c.stale(fields) {
		t.Error(problem)
	}
}

func (c *Case) prove(t *testing.T, f field) {
	t.Helper()
	if proof := c.Proofs[f.path]; proof != nil {
		proof(t)
		return
	}
	if !f.leaf {
		return
	}
	err := c.effect(f)
	if runtime.GOOS != "linux" && errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%s: %v", runtime.GOOS, err)
	}
	if err != nil {
		t.Error(err)
	}
}

// effect says why it is not certain that the field has one.
func (c *Case) effect(f field) error {
	samples, every, err := c.samples(f)
	if err != nil {
		return err
	}
	without, err := c.twice(f, nil)
	if err != nil {
		return err
	}
	seen := []any{without}
	var equal []string
	for _, s := range samples {
		with, err := c.twice(f, s)
		if err != nil {
			return fmt.Errorf("with %s: %w", s.text, err)
		}
		if slices.ContainsFunc(seen, func(other any) bool { return !differ(other, with) }) {
			equal = append(equal, s.text)
		}
		seen = append(seen, with)
	}
	if len(equal) == 0 || (!every && len(equal) < len(samples)) {
		return nil
	}
	return fmt.Errorf("no effect with %s, and no proof", strings.Join(equal, ", "))
}

// twice maps the message with the sample, or as it is without for nil. It wants the
// same result of a second try: otherwise each difference would mean nothing.
func (c *Case) twice(f field, s *sample) (any, error) {
	m := c.New()
	if needs := c.need(f.path); needs != nil {
		proto.Merge(m, needs)
	}
	parent, err := c.parent(m.ProtoReflect(), f)
	if err != nil {
		return nil, err
	}
	if s != nil {
		parent.Set(f.last(), s.value)
	}
	before := proto.Clone(m)
	first, err := c.Map(m)
	if err != nil {
		return nil, fmt.Errorf("mapper: %w", err)
	}
	if !proto.Equal(before, m) {
		return nil, errors.New("the mapper has changed the message")
	}
	second, err := c.Map(m)
	if err != nil {
		return nil, fmt.Errorf("mapper, second call: %w", err)
	}
	if differ(first, second) {
		return nil, errors.New("the same message gives different results: Map has to take out what differs")
	}
	return first, nil
}

// need returns the entry of Needs for the field, or for the nearest around it.
func (c *Case) need(path string) proto.Message {
	for {
		if m := c.Needs[path]; m != nil {
			return m
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return nil
		}
		path = path[:i]
	}
}

// stale returns what is wrong with the tables.
func (c *Case) stale(fields []field) []string {
	known := map[string]bool{}
	foreign := map[protoreflect.FullName]bool{}
	for _, f := range fields {
		known[f.path] = true
		if f.message() != nil {
			foreign[f.message().FullName()] = true
		}
	}
	var list []string
	for _, table := range []struct {
		name  string
		paths []string
	}{{"Samples", keys(c.Samples)}, {"Needs", keys(c.Needs)}, {"Proofs", keys(c.Proofs)}} {
		for _, path := range table.paths {
			if !known[path] {
				list = append(list, fmt.Sprintf("%s has %s, which is not a field", table.name, path))
			}
		}
	}
	for _, m := range c.Foreign {
		if name := m.ProtoReflect().Descriptor().FullName(); !foreign[name] {
			list = append(list, fmt.Sprintf("Foreign has %s, which is not in the message", name))
		}
	}
	return list
}
