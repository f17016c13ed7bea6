package http3x_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// Extended CONNECT with the transport and the server of this package: conns of the dialer share the transport's
// socket, a stream is not cut for being idle, and a shutdown waits for its handler.
func TestExtendedServer(t *testing.T) {
	noLeak(t)
	s := serve(t, chat(t).ServeHTTP, func(c *http3x.ServerConfig) {
		c.StallTimeout, c.StreamTimeout = 500*time.Millisecond, 600*time.Millisecond
	})
	d, err := http3x.NewExtendedDialer(transport(t, nil), 0)
	require.NoError(t, err)
	defer d.Close()
	c, _, err := d.Dial(extendedRequest(t.Context(), t, "websocket", s.url("/")))
	require.NoError(t, err)
	defer c.Close()
	for range 3 {
		_, err = c.Write(frame(1, true, []byte("hello")))
		require.NoError(t, err)
		_, _, got, err := readFrame(c)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
		time.Sleep(time.Second)
	}
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(t.Context()) }()
	<-s.Draining()
	_, err = c.Write(frame(1, true, []byte("bye")))
	require.NoError(t, err)
	_, _, got, err := readFrame(c)
	require.NoError(t, err)
	assert.Equal(t, "bye", string(got))
	require.NoError(t, c.CloseWrite())
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	require.NoError(t, c.Close())
	assert.NoError(t, <-shut)
}
