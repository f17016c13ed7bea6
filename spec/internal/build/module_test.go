package build_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"MaxConnsPerSource": "max_conns_per_source",
		"SourceBits4":       "source_bits4",
		"TLSConfig":         "tls_config",
		"TLS":               "tls",
		"ClientCAs":         "client_cas",
		"CRLs":              "crls",
		"RequireCRL":        "require_crl",
		"PKCS12":            "pkcs12",
		"HTTP2Settings":     "http2_settings",
	} {
		assert.Equal(t, want, build.Snake(name), name)
	}
}

// moduleError is what a module's error is like.
type moduleError struct {
	field, value string
	err          error
}

func (f *moduleError) Error() string { return "pkg: " + f.field + "=" + f.value + ": " + f.err.Error() }
func (f *moduleError) Unwrap() error { return f.err }

func blame(err error) (build.Blame, bool) {
	f, ok := build.Is[*moduleError](err)
	if !ok {
		return build.Blame{}, false
	}
	return build.Blame{Field: f.field, Value: f.value, Err: f.err}, true
}

func TestProblems_Module(t *testing.T) {
	var p build.Problems
	p.Addf("max_conns", 70000, "out of range")
	p.Module(errors.Join(
		&moduleError{"MaxConns", "0", io.EOF}, // only follows
		errors.Join(&moduleError{"Certificates[1].OCSP.RequireCRL", "x", io.EOF}),
		&moduleError{"KeyLog", "f", io.EOF},
		&moduleError{"Old.Inner[2].DeepCAs", "", io.EOF},
		io.ErrUnexpectedEOF,
	), map[string]string{"KeyLog": "key_log_file", "Old": "new"}, blame)
	require.EqualError(t, p.Err(), "max_conns: 70000: out of range\n"+
		"certificates[1].ocsp.require_crl: x: EOF\n"+
		"key_log_file: f: EOF\n"+
		"new.inner[2].deep_cas: EOF\n"+
		"unexpected EOF")
	errs := spec.Errors(p.Err())
	var f *moduleError
	require.ErrorAs(t, errs[1], &f)
	require.ErrorIs(t, errs[1], io.EOF)

	var none build.Problems
	none.Module(nil, nil, blame)
	require.NoError(t, none.Err())
}

func TestNumber(t *testing.T) {
	type mode int
	var p build.Problems
	assert.Equal(t, mode(0), build.Number[mode, specv1.TLSConfig_Preset](&p, "preset", nil))
	assert.Equal(t, mode(2), build.Number[mode](&p, "preset", specv1.TLSConfig_intermediate.Enum()))
	require.NoError(t, p.Err())
	unknown := specv1.TLSConfig_Preset(-9)
	assert.Equal(t, mode(-9), build.Number[mode](&p, "preset", &unknown))
	require.EqualError(t, p.Err(), "preset: -9: is none of default, modern, intermediate")
}
