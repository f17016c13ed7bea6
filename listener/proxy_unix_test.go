//go:build unix

package listener_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestUnixPeersHaveToSendAHeader(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{
		Address: "unix://" + t.TempDir() + "/s", ProxyProtocol: &listener.ProxyProtocol{},
		Deny: prefixes(t, "10.9.0.0/16"), MaxConnsPerSource: 1,
	})
	conns := accepting(t, l)
	say(t, l, goodHeaders["2 TCP6"].text+"hello")
	server := <-conns
	defer server.Close()
	assert.Equal(t, goodHeaders["2 TCP6"].source, server.RemoteAddr().String())
	assert.Equal(t, goodHeaders["2 TCP6"].destination, server.LocalAddr().String())
	h, ok := listener.ProxyHeaderOf(server)
	require.True(t, ok)
	assert.Equal(t, 2, h.Version)
	buf := make([]byte, 5)
	_, err := io.ReadFull(server, buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf))
	ended(t, say(t, l, "PROXY TCP4 10.9.1.1 10.0.0.1 1 2\r\n"))
	ended(t, say(t, l, goodHeaders["2 TCP6"].text))
	ended(t, say(t, l, "GET / HTTP/1.1\r\n"))
	s := stats(l)
	assert.Equal(t, [3]int64{1, 1, 1}, [3]int64{s.RefusedAnnounced, s.RefusedBySource, s.HeadersFailed})
}
