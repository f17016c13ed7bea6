package simnet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// What a stack is not asked for it does not pretend to do.
func TestEngine(t *testing.T) {
	n := network(t, simnet.Config{Name: "e"})
	host(t, n, "a")
	_, _, err := simnet.Engine(n).VNetDial(t.Context(), &virtnet.Addr{}, &virtnet.Addr{}, "")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	r := simnet.Registry(n)
	require.ErrorIs(t, r.Announce(t.Context(), "b", ""), errors.ErrUnsupported)
	data, err := r.Query(t.Context(), "a")
	require.NoError(t, err)
	assert.Empty(t, data)
	_, err = r.Query(t.Context(), "b")
	require.ErrorIs(t, err, virtnet.ErrNoHost)
	assert.Equal(t, &virtnet.RegistryError{Registry: "ram(sime)", Op: "query", Args: "b", Err: virtnet.ErrNoHost}, err)
}

// A host that comes while the network goes is not entered any more.
func TestEngine_HostWhileClosing(t *testing.T) {
	n, err := simnet.New(simnet.Config{})
	require.NoError(t, err)
	l, err := host(t, n, "a").Listen("")
	require.NoError(t, err)
	closing := make(chan error, 1)
	ctx := asked{t.Context(), func() {
		go func() { closing <- n.Close() }()
		_, err := l.Accept() // until the network is down
		assert.ErrorIs(t, err, virtnet.ErrNetDown)
	}}
	_, err = simnet.AsVirtNet(n).NewHost(ctx, "b")
	assert.Equal(t, &virtnet.Error{Network: "sim", Op: "new host", Host: "b", Err: virtnet.ErrNetDown}, err)
	require.NoError(t, <-closing)
	assert.Empty(t, n.Hosts())
}

// asked is a context that does something when the engine asks it for addresses.
type asked struct {
	context.Context //nolint:containedctx // it is one
	do              func()
}

func (c asked) Value(key any) any {
	if fmt.Sprintf("%T", key) == "simnet.addrsKey" {
		c.do()
	}
	return c.Context.Value(key)
}
