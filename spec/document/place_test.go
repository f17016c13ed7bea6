package document_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

const placed = `# comment
localAddr: 127.0.0.1:0
tls:
  minVersion: "1.4"
  certificates:
  - chain: {file: a, text: null}
    key:
      file: b
  -
    chain: &c {file: c}
    key: *c
  alpn: [h2,
    http/1.1]
options:
  TCP_KEEPIDLE: 30s
  "a.b[c]": 1
  "a.b": 2
  a: {b: 3}
`

func TestLocate(t *testing.T) {
	cause := errors.New("bad")
	var m specv1.DialConfig
	src, err := document.Unmarshal("x.yaml", []byte(placed), &m, nil)
	require.NoError(t, err)
	for _, test := range []struct {
		path         string
		line, column int
	}{
		{"", 2, 1}, {"local_addr", 2, 12}, {"tls", 3, 1}, {"tls.min_version", 4, 15}, {"tls.max_version", 3, 1},
		{"tls.certificates", 5, 3}, {"tls.certificates[0]", 6, 5}, {"tls.certificates[0].chain.file", 6, 19}, {"tls.certificates[0].chain.text", 6, 28},
		{"tls.certificates[0].chain.env", 6, 12}, {"tls.certificates[0].key.file", 8, 13}, {"tls.certificates[0].ocsp.fetch", 6, 5},
		{"tls.certificates[1].key", 10, 12}, {"tls.certificates[1].key.file", 10, 22}, {"tls.certificates[2].key", 5, 3}, {"tls.certificates[x]", 5, 3}, {"tls.certificates[-1]", 5, 3},
		{"tls.alpn[1]", 13, 5}, {"tls.alpn[1].x", 13, 5}, {"options", 14, 1}, {"options.TCP_KEEPIDLE", 15, 17}, {"options.TCP_KEEPINTVL", 14, 1},
		{"options.a.b[c]", 16, 13}, {`options["a.b[c]"]`, 16, 13}, {"options.a.b", 17, 10}, {"options.a.b[d]", 17, 10}, {"options.a.c", 18, 6},
		{"timeout", 2, 1}, {"prefer.X", 2, 1}, {"[0]", 2, 1}, {"[", 2, 1}, {".", 2, 1}, {`["`, 2, 1},
	} {
		located := spec.Errors(src.Locate(&spec.Error{Path: test.path, Err: cause}))
		require.Len(t, located, 1)
		assert.Equal(t, &spec.Error{File: "x.yaml", Line: test.line, Column: test.column, Path: test.path, Err: cause}, located[0], test.path)
	}
}

func TestLocateErrors(t *testing.T) {
	var m specv1.DialConfig
	src, err := document.Unmarshal("x.yaml", []byte(placed), &m, nil)
	require.NoError(t, err)
	assert.NoError(t, src.Locate(nil))

	first := &spec.Error{Path: "local_addr", Value: `"a"`, Err: fs.ErrNotExist}
	other := &spec.Error{File: "y.pem", Path: "tls", Err: fs.ErrExist}
	known := &spec.Error{Line: 99, Path: "tls", Err: fs.ErrExist}
	located := src.Locate(errors.Join(first, other, known, fs.ErrClosed))
	assert.EqualError(t, located, "x.yaml:2: local_addr: \"a\": file does not exist\n"+
		"y.pem: tls: file already exists\nx.yaml:99: tls: file already exists\nx.yaml:2: file already closed")
	require.ErrorIs(t, located, fs.ErrNotExist)
	require.ErrorIs(t, located, fs.ErrClosed)
	assert.Empty(t, first.File, "the caller's error is changed")

	var none *document.Source
	assert.Equal(t, error(first), none.Locate(first))

	data, err := document.Marshal(&m, document.Binary)
	require.NoError(t, err)
	src, err = document.Unmarshal("x.binpb", data, &m, nil)
	require.NoError(t, err)
	assert.EqualError(t, src.Locate(first), "x.binpb: local_addr: \"a\": file does not exist")
}
