package virtnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

// Programs that know the errors of package net know these.
func TestSentinels(t *testing.T) {
	all := []error{
		virtnet.ErrNetDown, virtnet.ErrHostDown, virtnet.ErrSockDown, virtnet.ErrAddrAlreadyUsed, virtnet.ErrAddrNoListen,
		virtnet.ErrConnRefused, virtnet.ErrRegistryDown, virtnet.ErrNoHost, virtnet.ErrHostDup,
	}
	for i, err := range all {
		for j, other := range all {
			assert.Equal(t, i == j, errors.Is(&net.OpError{Err: err}, other), "%v, %v", err, other)
		}
		assert.Equal(t, i < 3, errors.Is(err, net.ErrClosed), "%v", err)
		assert.NotErrorIs(t, err, io.EOF)
	}
}

// The texts are what tests and people look for.
func TestErrorTexts(t *testing.T) {
	b := newBench(t)
	_, err := b.alpha.Dial(t.Context(), "β:99")
	assert.EqualError(t, err, "dial pipet α:3->β:99: connection refused")
	assert.Equal(t, opError("dial", "α:3->β:99", virtnet.ErrConnRefused), err)
	_, err = b.alpha.Dial(t.Context(), "γ:5")
	assert.EqualError(t, err, `dial pipet α:3->γ:5: ram(pipet): query "γ": no such host`)
	assert.Equal(t, opError("dial", "α:3->γ:5", &virtnet.RegistryError{
		Registry: "ram(pipet)", Op: "query", Args: "γ", Err: virtnet.ErrNoHost,
	}), err)
	_, err = b.alpha.Dial(t.Context(), "β")
	assert.EqualError(t, err, "dial pipet: address β: missing port in address")
	_, err = b.alpha.Dial(t.Context(), "β:2147483648")
	assert.EqualError(t, err, "dial pipet: address β:2147483648: invalid port")

	listen(t, b.beta, ":10")
	_, err = b.beta.Listen("β:10")
	assert.EqualError(t, err, "listen pipet β:10: address already in use")
	assert.Equal(t, opError("listen", "β:10", virtnet.ErrAddrAlreadyUsed), err)
	_, err = b.beta.Listen("β:2")
	assert.Equal(t, opError("listen", "β:2", virtnet.ErrAddrAlreadyUsed), err, "a conn's port")
	_, err = b.beta.Listen("α:5")
	assert.EqualError(t, err, "listen pipet α:5: cannot listen on requested address")
	assert.Equal(t, opError("listen", "α:5", virtnet.ErrAddrNoListen), err)
	_, err = b.beta.Listen("β:x")
	assert.EqualError(t, err, "listen pipet: address β:x: invalid port")
	_, err = b.beta.ListenPacket("")
	assert.EqualError(t, err, "listen pipet β:0: datagrams: unsupported operation")
	_, err = b.beta.ListenPacket("x")
	assert.EqualError(t, err, "listen pipet: address x: missing port in address")

	require.NoError(t, b.dialled.Close())
	_, err = b.dialled.Read(make([]byte, 1))
	assert.EqualError(t, err, "read pipet β:2->α:2: socket is down")
	require.NoError(t, b.listenBe.Close())
	_, err = b.listenBe.Accept()
	assert.EqualError(t, err, "accept pipet β:1: socket is down")
	assert.EqualError(t, b.dialled.SetDeadline(noTime), "set pipet α:2: socket is down")
}

func TestNewHostErrors(t *testing.T) {
	n := pipenet.AsVirtNet(pipenet.New("t"))
	_, err := n.NewHost(t.Context(), "α")
	require.NoError(t, err)
	h, err := n.NewHost(t.Context(), "α")
	assert.Nil(t, h)
	duplicate := &virtnet.RegistryError{Registry: "ram(pipet)", Op: "announce", Args: []string{"α", ""}, Err: virtnet.ErrHostDup}
	assert.Equal(t, &virtnet.Error{Network: "pipet", Op: "new host", Host: "α", Err: duplicate}, err)
	assert.EqualError(t, err, `virtnet "pipet": new host "α": ram(pipet): announce ["α" ""]: host already registered`)
	assert.Equal(t, duplicate, err.(*virtnet.Error).Cause())
	assert.Equal(t, virtnet.ErrHostDup, duplicate.Cause())
	assert.ErrorIs(t, err, virtnet.ErrHostDup)

	for _, name := range []string{"", "a]b", "[", "]"} {
		_, err := n.NewHost(t.Context(), name)
		var e *net.AddrError
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, &net.AddrError{Err: "invalid host name", Addr: name}, e)
	}
	_, err = n.NewHost(t.Context(), "")
	assert.EqualError(t, err, `virtnet "pipet": new host "": invalid host name`)
	_, err = n.NewHost(t.Context(), "a:b")
	assert.NoError(t, err, "has a place in brackets")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = n.NewHost(ctx, "β")
	assert.Equal(t, &virtnet.Error{Network: "pipet", Op: "new host", Host: "β", Err: context.Canceled}, err)

	require.NoError(t, n.Close())
	h, err = n.NewHost(t.Context(), "γ")
	assert.Nil(t, h)
	assert.Equal(t, &virtnet.Error{Network: "pipet", Op: "new host", Host: "γ", Err: virtnet.ErrNetDown}, err)
	assert.EqualError(t, err, `virtnet "pipet": new host "γ": network is down`)
}

func TestRegistryErrorWithoutArgs(t *testing.T) {
	err := &virtnet.RegistryError{Registry: "r", Op: "open", Err: virtnet.ErrRegistryDown}
	assert.EqualError(t, err, "r: open: registry is down")
	assert.ErrorIs(t, err, virtnet.ErrRegistryDown)
}
