package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// lint checks the rules for the schema that buf has no rules for. All that break one are joined.
func (s *schema) lint() error {
	var errs []error
	for _, m := range s.messages {
		errs = append(errs, at(m, commented(m, leastWords)))
		for _, f := range fields(m) {
			errs = append(errs, at(f, commented(f, leastWords)), at(f, present(f)))
			if !generated(f) {
				errs = append(errs, at(f, unit(f)), at(f, signed(f)))
			}
		}
	}
	for _, e := range s.enums {
		errs = append(errs, at(e, commented(e, leastWords)))
		for i := range e.Values().Len() {
			v := e.Values().Get(i)
			errs = append(errs, at(v, commented(v, 1)), at(v, word(e, v)))
		}
	}
	return errors.Join(errs...)
}

// at says which file, line and name an error is about.
func at(d protoreflect.Descriptor, err error) error {
	if err == nil {
		return nil
	}
	line := d.ParentFile().SourceLocations().ByDescriptor(d).StartLine + 1
	return fmt.Errorf("%s:%d: %s: %w", d.ParentFile().Path(), line, title(d), err)
}

// generated reports whether sockoptgen wrote it: names are the kernel's there, types those of the table.
func generated(d protoreflect.Descriptor) bool {
	return d.ParentFile().Path() == "strata/v1/sockopt.proto"
}

// leastWords is what a comment has at least, so that it can say more than the name does.
const leastWords = 2

func commented(d protoreflect.Descriptor, words int) error {
	text := comment(d)
	switch {
	case text == "":
		return errors.New("lacks a comment")
	case len(strings.Fields(text)) < words:
		return fmt.Errorf("the comment %q says too little", text)
	case !strings.HasSuffix(text, "."):
		return fmt.Errorf("the comment %q does not end with a full stop", text)
	}
	return nil
}

// present wants fields that tell unset from zero.
func present(f protoreflect.FieldDescriptor) error {
	if f.IsList() || f.IsMap() || f.HasOptionalKeyword() || f.ContainingOneof() != nil {
		return nil
	}
	return errors.New("must be optional, so that unset, false and 0 differ")
}

var (
	timeUnits = []string{"seconds", "millis", "milliseconds", "ms", "us", "ns", "micros", "nanos", "minutes", "hours"}
	durations = []string{"timeout", "interval", "delay", "latency", "jitter", "period", "lifetime"}
	sizes     = []string{"buffer", "mtu"} // other sizes and windows may count records or entries
	sizeUnits = []string{"bytes", "bits"}
	packets   = []string{"mtu", "packet", "datagram"} // no size of those needs 64 bits
)

// unit wants durations as such, and sizes that name their unit.
func unit(f protoreflect.FieldDescriptor) error {
	words := strings.Split(string(f.Name()), "_")
	has := func(list []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
	}
	rate := strings.Contains(string(f.Name()), "_per_")
	switch {
	case is(f, durationType) && has(timeUnits):
		return errors.New("is a duration, whose unit does not belong into the name")
	case integer(f) && !rate && (has(timeUnits) || has(durations)):
		return errors.New("must be a google.protobuf.Duration")
	case integer(f) && has(sizes) && !has(sizeUnits):
		return errors.New("must name its unit, such as _bytes")
	case f.Kind() == protoreflect.Int32Kind && has(sizeUnits[:1]) && !has(packets):
		return errors.New("must be an int64, as sizes are")
	}
	return nil
}

func integer(f protoreflect.FieldDescriptor) bool {
	switch f.Kind() {
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return !f.IsMap()
	}
	return false
}

// signed wants integers in which a negative number can be said, and refused with a message.
func signed(f protoreflect.FieldDescriptor) error {
	switch f.Kind() {
	case protoreflect.Uint32Kind, protoreflect.Sint32Kind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return fmt.Errorf("is a %s, must be int32, int64 or, where all 64 bits count, uint64", f.Kind())
	}
	return nil
}

var lowerWord = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// word wants lower-case words in enums, but those whose comment says that the names are IANA's or the kernel's. They are
// inside of the message that uses them, since values of one scope must differ.
func word(e protoreflect.EnumDescriptor, v protoreflect.EnumValueDescriptor) error {
	about := comment(e)
	_, nested := e.Parent().(protoreflect.MessageDescriptor)
	switch {
	case strings.Contains(about, "IANA"), strings.Contains(about, "kernel"):
		return nil
	case !nested:
		return errors.New("the enum must be inside of the message that uses it, unless its comment says that the names are IANA's or the kernel's")
	case !lowerWord.MatchString(string(v.Name())):
		return errors.New("must be of lower-case words, unless the enum's comment says that the names are IANA's or the kernel's")
	}
	return nil
}
