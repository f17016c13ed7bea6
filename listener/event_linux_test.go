package listener_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// counted checks the bytes of a conn that got 5 and sent 2, in TLS or not.
func counted(t *testing.T, e listener.Event, secure bool) {
	t.Helper()
	if secure {
		assert.Greater(t, e.Received, int64(100), "the handshake counts")
		assert.Greater(t, e.Sent, int64(100))
		return
	}
	assert.Equal(t, int64(5), e.Received)
	assert.Equal(t, int64(2), e.Sent)
}

// exchange lets a client send 5 bytes and get 2.
func exchange(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client = dial(t, l)
	server = accept(t, l)
	_, err := client.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 5))
	require.NoError(t, err)
	_, err = server.Write([]byte("hi"))
	require.NoError(t, err)
	return client, server
}

// The kernel counts it as one.
func TestTheEndOfAStreamIsNoByte(t *testing.T) {
	noLeak(t)
	var heard told
	l := open(t, &listener.Config{Address: "tcp4://127.0.0.1:0", Track: true, OnEvent: heard.hear})
	client, server := exchange(t, l)
	require.NoError(t, client.(*net.TCPConn).CloseWrite())
	_, err := server.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, server.Close())
	heard.kinds(t, 2)
	counted(t, heard.all()[1], false)
}

// It cannot say whether the kernel counts, and others are asked.
func TestTheFirstConnIsClosedAlready(t *testing.T) {
	noLeak(t)
	listener.ForgetCounters()
	var heard told
	l := open(t, &listener.Config{Address: "tcp4://127.0.0.1:0", Track: true, OnEvent: heard.hear})
	_, server := exchange(t, l)
	require.NoError(t, server.(interface{ NetConn() net.Conn }).NetConn().Close())
	require.ErrorIs(t, server.Close(), net.ErrClosed)
	_, server = exchange(t, l)
	require.NoError(t, server.Close())
	heard.kinds(t, 4)
	assert.Equal(t, int64(-1), heard.all()[1].Received)
	counted(t, heard.all()[3], false)
}
