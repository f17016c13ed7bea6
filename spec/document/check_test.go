package document_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func lines(all ...string) string { return strings.Join(all, "\n") }

// faulty returns a Check that finds fault with the fields, in this order.
func faulty(paths ...string) func(proto.Message) error {
	return func(proto.Message) error {
		var all []error
		for _, path := range paths {
			all = append(all, &spec.Error{Path: path, Err: fs.ErrInvalid})
		}
		return errors.Join(all...)
	}
}

// What a Check says is told with the rest, by line, unless it only follows.
func TestCheck(t *testing.T) {
	tests := []struct {
		name, doc string
		says      []string
		want      string
	}{
		{"nothing else", "timeout: 1s\nlocal_addr: a\n", []string{"local_addr", "timeout"}, lines(
			"x.yaml:1: timeout: invalid argument", "x.yaml:2: local_addr: invalid argument")},
		{"between others", "bogus_thing: 1\ntimeout: 1s\nhandshake_timeout: 5\n", []string{"local_addr", "timeout"}, lines(
			"x.yaml:1: bogus_thing: unknown field of DialConfig", "x.yaml:1: local_addr: invalid argument",
			"x.yaml:2: timeout: invalid argument", `x.yaml:3: handshake_timeout: 5: a duration has a unit: 5s`)},
		{"same field", "timeout: 1\n", []string{"timeout"}, "x.yaml:1: timeout: 1: a duration has a unit: 1s"},
		{"inside", "tls: none\n", []string{"tls.min_version", "tls"}, `x.yaml:1: tls: "none": must be an object`},
		{"around", "tls:\n  min_version: 1s\n  sever_name: a\n", []string{"tls", "", "tls.min_version"}, lines(
			"x.yaml:2: tls.min_version: invalid argument", "x.yaml:3: tls.sever_name: unknown field, did you mean server_name?")},
		{"beside", "tls: {server_name: [a]}\n", []string{"tls.server_name_too", "tls.certificates[0]"}, lines(
			`x.yaml:1: tls.server_name: must be text, is a list`, "x.yaml:1: tls.server_name_too: invalid argument", "x.yaml:1: tls.certificates[0]: invalid argument")},
		{"item", "rewrites: [1.5, [], b]\n", []string{"rewrites[1]", "rewrites[2]", "rewrites[10]", "rewrites"}, lines(
			"x.yaml:1: rewrites[1]: must be text, is a list", "x.yaml:1: rewrites[2]: invalid argument", "x.yaml:1: rewrites[10]: invalid argument")},
		{"meant by an unknown one", "timeuot: 1s\n", []string{"timeout", "local_addr"}, lines(
			"x.yaml:1: timeuot: unknown field, did you mean timeout?", "x.yaml:1: local_addr: invalid argument")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var m specv1.DialConfig
			_, err := document.Unmarshal("x.yaml", []byte(test.doc), &m, &document.Options{Check: faulty(test.says...)})
			require.EqualError(t, err, test.want)
			assert.True(t, proto.Equal(&specv1.DialConfig{}, &m), "changed")
			for _, e := range spec.Errors(err) {
				assert.NotZero(t, e.Line)
			}
		})
	}
}

// What is read after a fault has the index that the document gives it, and no
// value that nobody wrote.
func TestCheck_Message(t *testing.T) {
	const doc = `
rewrites: [a, [], b]
timeout: 5
tls: {alpn: [null, h2], reload: {interval: x}}
options: {A: [.nan, 2], B: {c: 1, d: .inf}, C: 7}
`
	var got *specv1.DialConfig
	var m specv1.DialConfig
	_, err := document.Unmarshal("x.yaml", []byte(doc), &m, &document.Options{Check: func(m proto.Message) error {
		got = m.(*specv1.DialConfig)
		return nil
	}})
	require.Len(t, spec.Errors(err), 6, "%v", err)
	require.NotNil(t, got)
	assert.Equal(t, []string{"a", "", "b"}, got.GetRewrites())
	assert.Equal(t, []string{"", "h2"}, got.GetTls().GetAlpn())
	assert.Nil(t, got.GetTimeout())
	assert.NotNil(t, got.GetTls().GetReload())
	assert.Nil(t, got.GetTls().GetReload().GetInterval())
	assert.Equal(t, []any{nil, 2.0}, got.GetOptions()["A"].AsInterface())
	assert.Equal(t, map[string]any{"c": 1.0}, got.GetOptions()["B"].AsInterface())
	assert.InDelta(t, 7.0, got.GetOptions()["C"].AsInterface(), 0)
}

// A message that was hardly read is not checked.
func TestCheck_NotRead(t *testing.T) {
	for name, doc := range map[string]string{
		"x.yaml":  "timeout: [\n",
		"y.yaml":  "rewrites: [[[]]]",
		"x.json":  `{"timeout": "1s"`,
		"x.txtpb": "timeout: 1",
		"x.binpb": "\xff\xff",
		"z.yaml":  "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n",
		"other":   "timeout: 1s",
	} {
		var m specv1.DialConfig
		_, err := document.Unmarshal(name, []byte(doc), &m, &document.Options{MaxErrors: 3, MaxDepth: 2, Check: func(proto.Message) error {
			assert.Fail(t, "called", name)
			return nil
		}})
		require.Error(t, err, name)
	}
}

func TestCheck_Others(t *testing.T) {
	var m specv1.DialConfig
	check := func(proto.Message) error {
		return errors.Join(&spec.Error{File: "y.pem", Line: 1, Path: "tls", Err: fs.ErrExist}, &spec.Error{Path: "timeout", Err: fs.ErrInvalid}, fs.ErrClosed)
	}
	_, err := document.Unmarshal("x.yaml", []byte("\nlocal_addr: a\ntimeout: 1s\n"), &m, &document.Options{Check: check})
	require.EqualError(t, err, "x.yaml:2: file already closed\nx.yaml:3: timeout: invalid argument\ny.pem:1: tls: file already exists")
	require.ErrorIs(t, err, fs.ErrClosed)

	_, err = document.Unmarshal("x.yaml", []byte("timeout: 1s\n"), &m, &document.Options{Check: func(proto.Message) error { return nil }})
	require.NoError(t, err)
	assert.NotNil(t, m.GetTimeout())

	for _, format := range []document.Format{document.Text, document.Binary} { // which have no places
		data, err := document.Marshal(&specv1.DialConfig{LocalAddr: new("a")}, format)
		require.NoError(t, err)
		_, err = document.Unmarshal("x", data, &m, &document.Options{Format: format, Check: faulty("local_addr")})
		require.EqualError(t, err, "x: local_addr: invalid argument")
	}
}

// Both kinds of errors share one bound.
func TestCheck_MaxErrors(t *testing.T) {
	const doc = "a: 1\ntimeout: 1s\nb: 2\nlocal_addr: x\n"
	var m specv1.DialConfig
	for most, want := range map[int]string{
		2: "x.yaml:1: a: unknown field of DialConfig\nx.yaml:2: timeout: invalid argument\nx.yaml:3: and more errors from here on",
		3: "x.yaml:1: a: unknown field of DialConfig\nx.yaml:2: timeout: invalid argument\nx.yaml:3: b: unknown field of DialConfig\nx.yaml:4: and more errors from here on",
		4: "x.yaml:1: a: unknown field of DialConfig\nx.yaml:2: timeout: invalid argument\nx.yaml:3: b: unknown field of DialConfig\nx.yaml:4: local_addr: invalid argument",
	} {
		_, err := document.Unmarshal("x.yaml", []byte(doc), &m, &document.Options{MaxErrors: most, Check: faulty("local_addr", "timeout")})
		require.EqualError(t, err, want)
	}
}
