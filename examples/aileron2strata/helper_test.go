package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// converted returns what becomes of one message.
func converted(t *testing.T, m message, text string) (*object, *report, []output) {
	t.Helper()
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	r, made := &report{}, []output{}
	c := &conv{in: doc.Content[0], path: "x", out: newObject(), r: r, made: &made}
	c.rows(m)
	return c.out, r, made
}
