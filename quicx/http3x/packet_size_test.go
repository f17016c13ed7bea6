package http3x_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// The first packet fits narrow paths, unless datagrams need room for a packet of QUIC.
func TestInitialPacketSize(t *testing.T) {
	for datagrams, want := range map[bool]int{false: 1232, true: 1280} {
		noLeak(t)
		to, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer to.Close()
		tr, err := http3x.NewTransport(&http3x.Config{EnableDatagrams: datagrams})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+to.LocalAddr().String(), http.NoBody)
			if err == nil {
				_, err = tr.RoundTrip(r)
			}
			done <- err
		}()
		n, _, err := to.ReadFrom(make([]byte, 2000))
		require.NoError(t, err)
		assert.Equal(t, want, n)
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		require.NoError(t, tr.Close())
	}
}
