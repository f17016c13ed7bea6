package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A schema is the files of package strata.v1, with their comments.
type schema struct {
	files    []protoreflect.FileDescriptor
	messages []protoreflect.MessageDescriptor // nested ones behind the one that they are in
	enums    []protoreflect.EnumDescriptor    // the same
}

// load compiles the schema in a folder.
func load(dir string) (*schema, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "strata", "v1", "*.proto"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no strata/v1/*.proto in %s", dir)
	}
	for i := range paths {
		paths[i] = "strata/v1/" + filepath.Base(paths[i])
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), paths...)
	if err != nil {
		return nil, err
	}
	s := &schema{}
	for _, file := range files {
		s.files = append(s.files, file)
		s.add(file)
	}
	if len(s.messages) == 0 {
		return nil, errors.New("the schema has no messages")
	}
	return s, nil
}

// scope is what messages and enums are in: a file or a message.
type scope interface {
	Messages() protoreflect.MessageDescriptors
	Enums() protoreflect.EnumDescriptors
}

func (s *schema) add(in scope) {
	for i := range in.Enums().Len() {
		s.enums = append(s.enums, in.Enums().Get(i))
	}
	for i := range in.Messages().Len() {
		if m := in.Messages().Get(i); !m.IsMapEntry() {
			s.messages = append(s.messages, m)
			s.add(m)
		}
	}
}

// comment is what stands in front of a message, a field, an enum or a value, in one line.
func comment(d protoreflect.Descriptor) string {
	text := d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
	return strings.Join(strings.Fields(text), " ")
}

// title is a name inside of the package, "TLSConfig.ClientAuth", and the whole name of what is of another one.
func title(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), "strata.v1.")
}

// fields are the fields of a message, in the order of the file.
func fields(m protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	var list []protoreflect.FieldDescriptor
	for i := range m.Fields().Len() {
		list = append(list, m.Fields().Get(i))
	}
	return list
}

// The well-known types that the schema uses.
const (
	durationType = protoreflect.FullName("google.protobuf.Duration")
	valueType    = protoreflect.FullName("google.protobuf.Value")
)

// is reports whether a field holds messages of this type.
func is(f protoreflect.FieldDescriptor, name protoreflect.FullName) bool {
	return f.Message() != nil && f.Message().FullName() == name
}

// isOptions reports whether a field is a map from the kernel's names to values of socket options.
func isOptions(f protoreflect.FieldDescriptor) bool {
	return f.IsMap() && is(f.MapValue(), valueType) && (f.Name() == "options" || f.Name() == "prefer")
}
