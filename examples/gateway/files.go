package main

import (
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// absolute makes the relative names of files in a document those of a folder:
// fields called file, and those that end in _file.
func absolute(m proto.Message, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	return protorange.Range(m.ProtoReflect(), func(p protopath.Values) error {
		step := p.Index(-1).Step
		if step.Kind() != protopath.FieldAccessStep {
			return nil
		}
		field := step.FieldDescriptor()
		name := string(field.Name())
		if field.Kind() != protoreflect.StringKind || field.IsList() || (name != "file" && !strings.HasSuffix(name, "_file")) {
			return nil
		}
		if file := p.Index(-1).Value.String(); file != "" && !filepath.IsAbs(file) {
			p.Index(-2).Value.Message().Set(field, protoreflect.ValueOfString(filepath.Join(dir, file)))
		}
		return nil
	})
}
