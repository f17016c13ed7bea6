package document

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
)

// Marshal writes m as a document that [Unmarshal] reads back: fields by their
// names in the order of the schema, keys of maps in order, durations as 30s, one
// line end at the end. 0 is YAML. Secrets are written like all else. It returns
// every error at once; what protobuf's JSON cannot hold is one. Text is as
// prototext writes it, whose spaces differ from build to build.
func Marshal(m proto.Message, f Format) ([]byte, error) {
	if m == nil || !m.ProtoReflect().IsValid() {
		return nil, errors.New("document: no message to write")
	}
	w := &writer{}
	strangers(nil, m.ProtoReflect(), func(at *step) { w.fail(at, errUnknownBinary) })
	root := w.message(nil, m.ProtoReflect())
	if err := errors.Join(byPath(w.errs)...); err != nil {
		return nil, err
	}
	switch f {
	case 0, YAML:
		return yamlText(root)
	case JSON:
		var b strings.Builder
		writeJSON(&b, root, "\n")
		return []byte(b.String() + "\n"), nil
	case Text:
		return prototext.MarshalOptions{Multiline: true}.Marshal(m)
	case Binary:
		return proto.MarshalOptions{Deterministic: true}.Marshal(m)
	}
	return nil, fmt.Errorf("document: no such format: %v", f)
}

// byPath sorts errors, since maps have no order.
func byPath(errs []error) []error {
	slices.SortStableFunc(errs, func(a, b error) int {
		return cmp.Compare(spec.Errors(a)[0].Path, spec.Errors(b)[0].Path)
	})
	return errs
}
