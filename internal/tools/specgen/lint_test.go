package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRules holds for the schema as it is.
func TestRules(t *testing.T) {
	s, err := load(spec)
	require.NoError(t, err)
	require.NoError(t, s.lint())
	assert.Greater(t, len(s.messages), 10)
}

// TestLint breaks one rule a line.
func TestLint(t *testing.T) {
	const all = `strata/v1/x.proto:`
	for text, want := range map[string]string{
		"message M {}":               `5: M: lacks a comment`,
		"// M.\nmessage M {}":        `6: M: the comment "M." says too little`,
		"// M is a box\nmessage M{}": `6: M: the comment "M is a box" does not end with a full stop`,
		m("optional int32 a = 1;"):   `7: M.a: lacks a comment`,
		m(c + "int32 a = 1;"):        `8: M.a: must be optional, so that unset, false and 0 differ`,
		m(c + "M a = 1;"):            `8: M.a: must be optional, so that unset, false and 0 differ`,
		m(c + "optional google.protobuf.Duration wait_seconds = 1;"): `8: M.wait_seconds: is a duration, whose unit does not belong into the name`,
		m(c + "optional int64 wait_seconds = 1;"):                    `8: M.wait_seconds: must be a google.protobuf.Duration`,
		m(c + "optional int32 timeout = 1;"):                         `8: M.timeout: must be a google.protobuf.Duration`,
		m(c + "optional int64 read_buffer = 1;"):                     `8: M.read_buffer: must name its unit, such as _bytes`,
		m(c + "optional int32 queue_bytes = 1;"):                     `8: M.queue_bytes: must be an int64, as sizes are`,
		m(c + "optional uint32 count = 1;"):                          `8: M.count: is a uint32, must be int32, int64 or, where all 64 bits count, uint64`,
		"// Color of things.\nenum Color {\n" + c + "red = 0; }":     `8: red: the enum must be inside of the message that uses it, unless its comment says that the names are IANA's or the kernel's`,
		m(c + "enum E {\n" + c + "Red = 0; }"):                       `10: M.Red: must be of lower-case words, unless the enum's comment says that the names are IANA's or the kernel's`,
		m(c + "enum E {\nred = 0; }"):                                `9: M.red: lacks a comment`,
	} {
		err := loaded(t, text+"\n// Other message.\nmessage Other {}").lint()
		assert.EqualError(t, err, all+want, text)
	}
}

// TestLintTakes what the rules allow.
func TestLintTakes(t *testing.T) {
	require.NoError(t, loaded(t, m(c+"repeated int32 a = 1;\n"+c+"map<string, int32> b = 2;\n"+
		c+"oneof kind {\n"+c+"string file = 3;\n"+c+"bytes text = 4; }\n"+
		c+"optional google.protobuf.Duration timeout = 5;\n"+c+"optional int64 buffer_bytes = 6;\n"+
		c+"optional int64 min_bytes_per_second = 7;\n"+c+"optional int32 mtu_bytes = 8;\n"+
		"// Curves by IANA's names.\nenum Curve {\n"+c+"P256 = 0; }")).lint())
}

// TestLintJoins says all at once.
func TestLintJoins(t *testing.T) {
	err := loaded(t, m("int32 a = 1;\nM b = 2;")).lint()
	require.EqualError(t, err, "strata/v1/x.proto:7: M.a: lacks a comment\n"+
		"strata/v1/x.proto:7: M.a: must be optional, so that unset, false and 0 differ\n"+
		"strata/v1/x.proto:8: M.b: lacks a comment\n"+
		"strata/v1/x.proto:8: M.b: must be optional, so that unset, false and 0 differ")
}

func TestLoad(t *testing.T) {
	_, err := load(t.TempDir())
	require.ErrorContains(t, err, "no strata/v1/*.proto")
	_, err = load(folder(t, "message M { int32 a = 1; int32 a = 2; }"))
	require.ErrorContains(t, err, "x.proto:5:")
	_, err = load(folder(t, ""))
	require.ErrorContains(t, err, "no messages")
}

// c is a comment that says enough.
const c = "// It is there.\n"

// m is a message with a comment around lines that begin at line 7.
func m(body string) string { return "// M is a message.\nmessage M {\n" + body + "\n}" }
