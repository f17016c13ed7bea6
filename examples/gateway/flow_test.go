package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// receiveBuffered does the same for conns that are none of package net.
func TestReceivers(t *testing.T) {
	settled(t)
	server := listenUDP(t, "127.0.0.1:0")
	client := dialUDP(t, server.LocalAddr().String())
	for name, r := range map[string]*receiver{
		"of a socket": newReceiver(client), "of a conn": newReceiver(struct{ net.Conn }{client}),
	} {
		for _, want := range []string{"a", "", string(bytes.Repeat([]byte("b"), 65507))} {
			_, err := server.WriteTo([]byte(want), client.LocalAddr())
			require.NoError(t, err)
			var got bytes.Buffer
			require.NoError(t, r.receive(&got), name)
			assert.Equal(t, want, got.String(), name)
		}
	}
	require.NoError(t, client.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	for _, r := range []*receiver{newReceiver(client), newReceiver(struct{ net.Conn }{client})} {
		require.ErrorIs(t, r.receive(&bytes.Buffer{}), os.ErrDeadlineExceeded)
	}
}

// A datagram that cannot be sent is lost, and only a closed conn ends a flow.
func TestOutlet(t *testing.T) {
	settled(t)
	server := listenUDP(t, "127.0.0.1:0")
	client := dialUDP(t, server.LocalAddr().String())
	f := newFlow(nil, client)
	out := outlet{f, client, &f.sent}
	n, err := out.Write(make([]byte, 1<<16)) // no datagram is as long
	require.NoError(t, err)
	assert.Equal(t, 1<<16, n)
	_, err = out.Write([]byte("hello"))
	require.NoError(t, err)
	assert.Equal(t, "1 datagrams, 5 bytes, 1 lost", f.sent.String())
	require.NoError(t, client.Close())
	_, err = out.Write([]byte("hello"))
	require.ErrorIs(t, err, net.ErrClosed)
	assert.True(t, unreached(&net.OpError{Err: os.NewSyscallError("read", syscall.ECONNREFUSED)}))
	assert.False(t, unreached(errors.New("else")))
}

// The demo's caller sends a lost datagram again, and passes over what answers
// another one.
func TestDatagramCaller(t *testing.T) {
	settled(t)
	server := listenUDP(t, "127.0.0.1:0")
	go func() {
		buf := make([]byte, 64)
		server.ReadFrom(buf) // is lost
		n, from, err := server.ReadFrom(buf)
		if err == nil {
			server.WriteTo([]byte("another answer"), from)
			server.WriteTo(buf[:n], from)
		}
	}()
	c := &datagramCaller{conn: dialUDP(t, server.LocalAddr().String())}
	require.NoError(t, c.call([]byte("12345678 payload")))
}
