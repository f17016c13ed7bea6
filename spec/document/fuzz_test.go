package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
)

// roots are the messages that fuzzing reads.
var roots = []string{"DialConfig", "TLSConfig", "VirtualNetwork", "CertKeyPair"}

// survives checks that what loads is written and read back the same, and that
// what does not has an error with a place.
func survives(t *testing.T, which uint8, data []byte, o *document.Options) {
	m := newMessage(t, roots[int(which)%len(roots)])
	_, err := document.Unmarshal("", data, m, o)
	if err != nil {
		for _, e := range spec.Errors(err) {
			require.Error(t, e.Err)
		}
		return
	}
	for _, f := range []document.Format{document.YAML, document.JSON} {
		doc, err := document.Marshal(m, f)
		require.NoError(t, err)
		again := m.ProtoReflect().New().Interface()
		_, err = document.Unmarshal("", doc, again, &document.Options{Format: f, MaxBytes: 1 << 30, MaxNodes: 1 << 30})
		require.NoError(t, err, "%s", doc)
		requireEqual(t, m, again, doc)
	}
}

func seeds(f *testing.F) {
	f.Helper()
	for _, b := range readBroken(f) {
		for i, name := range roots {
			if name == b.message {
				f.Add(uint8(i), []byte(b.doc))
			}
		}
	}
	f.Add(uint8(0), []byte(placed))
	f.Add(uint8(0), []byte(`{"timeout": "1.5s", "options": {"A": [1, null, true, {"b": "\ud83d\ude00"}]}}`))
}

func FuzzUnmarshalYAML(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		survives(t, which, data, nil)
	})
}

// What protobuf's JSON reads is read here too, and the same.
func FuzzUnmarshalJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		survives(t, which, data, &document.Options{Format: document.JSON})
		m := newMessage(t, roots[int(which)%len(roots)])
		theirs := proto.Clone(m)
		if len(data) > 1<<16 || protojson.Unmarshal(data, theirs) != nil {
			return
		}
		_, err := document.Unmarshal("", data, m, &document.Options{Format: document.JSON, MaxDepth: 1000, MaxErrors: 1})
		if err != nil {
			return // deeper, or ".s" for a duration; TestLikeProtoJSON has the rest
		}
		if !rounded(m.ProtoReflect()) {
			requireEqual(t, theirs, m, data)
		}
	})
}

// rounded reports whether m has text that may be a number which JSON rounded.
func rounded(m protoreflect.Message) (found bool) {
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		found = found || fd.IsMap()
		return true
	})
	return found
}

func FuzzUnmarshalEnv(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		survives(t, which, data, &document.Options{Env: lookup})
		survives(t, which, data, &document.Options{Env: lookup, Format: document.JSON})
	})
}

func FuzzUnmarshalOther(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		for _, format := range []document.Format{document.Text, document.Binary} {
			m := newMessage(t, roots[int(which)%len(roots)])
			if _, err := document.Unmarshal("", data, m, &document.Options{Format: format}); err == nil {
				_, _ = document.Marshal(m, document.YAML) // a Value may be empty: no YAML has that
			}
		}
	})
}
