package netspec_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// An option that a module refuses by itself, as SO_REUSEADDR on Windows, has its
// place too; what is no error of a module keeps its words.
func TestCheck(t *testing.T) {
	m := &specv1.ListenConfig{Prefer: values(t, map[string]any{"SO_REUSEADDR": true})}
	var p netspec.Problems
	netspec.Check(&p, errors.Join(
		&listener.Error{Op: "config", Field: "Options", Value: "SO_REUSEADDR=true", Err: io.EOF},
		&listener.Error{Op: "config", Field: "Options", Value: "SO_OTHER=1", Err: io.EOF},
		io.ErrUnexpectedEOF,
	), m)
	require.EqualError(t, p.Err(), "prefer.SO_REUSEADDR: true: EOF\noptions: \"SO_OTHER=1\": EOF\nunexpected EOF")
	var e *listener.Error
	require.ErrorAs(t, p.Err(), &e)
	assert.ErrorIs(t, p.Err(), io.EOF)
}
