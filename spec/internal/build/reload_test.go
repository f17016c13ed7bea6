package build_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestNoReload(t *testing.T) {
	reload := &specv1.TLSConfig{Reload: &specv1.TLSConfig_Reload{}}
	var p build.Problems
	p.NoReload((*specv1.HTTPPoolConfig)(nil), "x.Config")
	p.NoReload(&specv1.HTTPPoolConfig{Transport: &specv1.HTTPTransportConfig{Tls: &specv1.TLSConfig{}}}, "x.Config")
	require.NoError(t, p.Err())
	p.NoReload(&specv1.HTTPPoolConfig{Transport: &specv1.HTTPTransportConfig{Tls: reload, ProxyTls: reload}}, "x.Config")
	p.NoReload(reload, "x.Config")
	assert.EqualError(t, p.Err(), `transport.tls.reload: nothing would end it: use x.Config, whose context does
transport.proxy_tls.reload: nothing would end it: use x.Config, whose context does
reload: nothing would end it: use x.Config, whose context does`)
}

func TestBound(t *testing.T) {
	outer, cancel := context.WithCancel(t.Context())
	f := func(err error) func(context.Context) (context.Context, error) {
		return func(ctx context.Context) (context.Context, error) {
			build.Follows(ctx, io.NopCloser(nil))
			return ctx, err
		}
	}
	failed := errors.New("failed")
	inner, err := build.Bound(outer, f(failed))
	require.ErrorIs(t, err, failed)
	require.Error(t, inner.Err(), "ends with the failure")

	inner, err = build.Bound(outer, f(nil))
	require.NoError(t, err)
	require.NoError(t, inner.Err())
	cancel()
	assert.Error(t, inner.Err(), "ends with the outer one")
}

type fault struct{ field, text string }

func (f *fault) Error() string { return f.text }

// A module says several things of one field; what was noted before is left out.
func TestModule(t *testing.T) {
	var p build.Problems
	p.Addf("max_conns", 1, "out of range")
	p.Module(errors.Join(&fault{"MaxConns", "a"}, &fault{"Upgrades", "b"}, &fault{"Upgrades", "c"}), nil, func(err error) (build.Blame, bool) {
		f, ok := build.Is[*fault](err)
		return build.Blame{Field: f.field, Err: f}, ok
	})
	assert.EqualError(t, p.Err(), "max_conns: 1: out of range\nupgrades: b\nupgrades: c")
}
