package document_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
)

// broken is an entry of testdata/broken.txt.
type broken struct {
	name, message, doc, want string
	format                   document.Format
	env                      func(string) (string, bool)
}

// readBroken reads testdata/broken.txt, whose head says how it is written.
func readBroken(t testing.TB) (list []broken) {
	t.Helper()
	data, err := os.ReadFile("testdata/broken.txt")
	require.NoError(t, err)
	for _, part := range strings.Split(string(data), "\n\n=== ")[1:] {
		head, body, found := strings.Cut(part, "\n")
		require.True(t, found, part)
		b := broken{message: "DialConfig", format: document.YAML}
		b.doc, b.want, found = strings.Cut(body, "\n>>>\n")
		require.True(t, found, part)
		b.want = strings.TrimRight(b.want, "\n")
		name, flags, _ := strings.Cut(head, " | ")
		b.name = name
		for flag := range strings.FieldsSeq(flags) {
			b.flag(t, flag)
		}
		list = append(list, b)
	}
	return list
}

// brokenEnv is the environment of documents with the flag env.
var brokenEnv = map[string]string{
	"EMPTY": "", "N": "5", "WORD": "maybe", "LIST": "[1]", "NULL": "null", "TRUE": "true", "ZERO": "007", "PW": "hunter2", "DOLLAR": "${N}", "NUL": "a\x00",
}

func (b *broken) flag(t testing.TB, flag string) {
	t.Helper()
	switch {
	case flag == "env":
		b.env = func(name string) (string, bool) {
			value, ok := brokenEnv[name]
			return value, ok
		}
	case flag == "json":
		b.format = document.JSON
	case flag == "text":
		b.format = document.Text
	case flag == "quoted":
		doc, err := strconv.Unquote(`"` + b.doc + `"`)
		require.NoError(t, err)
		b.doc = doc
	default:
		b.message = flag
	}
}

// newMessage makes a message of the schema by its name.
func newMessage(t testing.TB, name string) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("strata.v1." + name))
	require.NoError(t, err)
	return mt.New().Interface()
}

// Every document of the table is refused with exactly its errors, changes
// nothing, and tells no secret.
func TestBroken(t *testing.T) {
	list := readBroken(t)
	require.Greater(t, len(list), 200)
	for _, b := range list {
		t.Run(b.name, func(t *testing.T) {
			m := newMessage(t, b.message)
			_, err := document.Unmarshal("", []byte(b.doc), m, &document.Options{Format: b.format, Env: b.env})
			require.Error(t, err)
			assert.True(t, proto.Equal(newMessage(t, b.message), m), "changed: %v", m)
			assert.NotContains(t, err.Error(), "hunter2")
			var lines []string
			for _, e := range spec.Errors(err) {
				assert.Empty(t, e.File)
				at := strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": "
				lines = append(lines, at+e.Error())
			}
			assert.Equal(t, b.want, strings.Join(lines, "\n"))
		})
	}
}
