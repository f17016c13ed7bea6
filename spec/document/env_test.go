package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var testEnv = map[string]string{
	"EMPTY": "", "N": "5", "TRUE": "true", "NULL": "null", "PW": "p: {w} # $$ ${N}\n- x\"'", "D": "30s", "_a1": "x",
}

func lookup(name string) (string, bool) {
	value, ok := testEnv[name]
	return value, ok
}

func TestEnvText(t *testing.T) {
	for in, want := range map[string]string{
		"${PW}": testEnv["PW"], `"a${N}b${N}"`: "a5b5", "${N}": "5", "${TRUE}": "true", "${NULL}": "null", `"${EMPTY}"`: "", "${EMPTY}": "", "${NONE:-}": "", "${NONE:-x y}": "x y",
		"${EMPTY:-x}": "x", "${N:-x}": "5", "$$": "$", "$${N}": "${N}", "$$$${N}": "$${N}", "$$${N}": "$5", "a$": "a$", "$N": "$N", "^a$b": "^a$b", "${_a1}": "x", "${NONE:-$$}": "$$", "${NONE:-a:-b}": "a:-b",
		"'${N}' # ${MISSING}": "5", "|\n  a ${N}\n  b\n": "a 5\nb\n", ">\n  a ${N}\n  b\n": "a 5 b\n", "!!str ${N}": "5",
	} {
		var m specv1.DialConfig
		_, err := document.Unmarshal("", []byte("local_addr: "+in), &m, &document.Options{Env: lookup})
		require.NoError(t, err, in)
		require.NotNil(t, m.LocalAddr, in)
		assert.Equal(t, want, m.GetLocalAddr(), in)
	}
}

func TestEnvKinds(t *testing.T) {
	var m specv1.TLSConfig
	_, err := document.Unmarshal("", []byte("sessions: ${N}\ninsecure: ${TRUE}\nallow_weak: ${NONE:-false}\npreset: ${NONE:-modern}\nreload: {interval: \"${D}\"}\nalpn: [\"${N}\", '${NULL}', \"${EMPTY}\"]\nkey_log_file: a${N}\n"), &m, &document.Options{Env: lookup})
	require.NoError(t, err)
	assert.EqualValues(t, 5, m.GetSessions())
	assert.True(t, m.GetInsecure())
	assert.Equal(t, []string{"5", "null", ""}, m.GetAlpn())
	assert.EqualValues(t, 30, m.GetReload().GetInterval().GetSeconds())
	assert.Equal(t, specv1.TLSConfig_modern, m.GetPreset())

	var d specv1.DialConfig
	_, err = document.Unmarshal("", []byte(`{"local_addr": "${N}", "options": {"${N}": "${N}"}}`), &d, &document.Options{Env: lookup, Format: document.JSON})
	require.NoError(t, err)
	assert.Equal(t, "5", d.GetLocalAddr())
	assert.Equal(t, "5", d.GetOptions()["${N}"].AsInterface())

	_, err = document.Unmarshal("", []byte("options:\n  A: ${N}\n  B: \"${N}\"\n  C: ${TRUE}\n  D: ${NONE:-1.5}\n  E: ${PW}\n  F: ${EMPTY}\n"), &d, &document.Options{Env: lookup})
	require.NoError(t, err)
	for key, want := range map[string]any{"A": 5.0, "B": "5", "C": true, "D": 1.5, "E": testEnv["PW"], "F": ""} {
		assert.Equal(t, want, d.GetOptions()[key].AsInterface(), key)
	}
}

// A key is kept as it is, also as an alias; the value that it stands for gets the
// environment elsewhere.
func TestEnvAliases(t *testing.T) {
	for _, doc := range []string{"options: {A: &x '${N}', *x : B, C: *x}", "options: {&x '${N}': B, A: *x, C: *x}"} {
		var d specv1.DialConfig
		_, err := document.Unmarshal("", []byte(doc), &d, &document.Options{Env: lookup})
		require.NoError(t, err)
		for key, want := range map[string]any{"A": "5", "${N}": "B", "C": "5"} {
			assert.Equal(t, want, d.GetOptions()[key].AsInterface(), "%s in %s", key, doc)
		}
	}
}

// It is off unless asked for.
func TestEnvOff(t *testing.T) {
	t.Setenv("N", "5")
	var m specv1.DialConfig
	_, err := document.Unmarshal("", []byte("local_addr: a${N}$$"), &m, nil)
	require.NoError(t, err)
	assert.Equal(t, "a${N}$$", m.GetLocalAddr())
}

// Many short references to a long variable are bounded.
func TestEnvGrowth(t *testing.T) {
	long := func(string) (string, bool) { return strings.Repeat("x", 100_000), true }
	_, err := document.Unmarshal("", []byte("local_addr: "+strings.Repeat("${A}", 10_000)), &specv1.DialConfig{}, &document.Options{Env: long})
	require.EqualError(t, err, "local_addr: variables make the document too long")
}
