package simnet_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQUIC: quic-go, which gets sockets that are not those of package net.
func TestQUIC(t *testing.T) {
	t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // there is none to be set
	server, client := certificate(t)
	everywhere(t, func(b *bench) {
		server, client := server.Clone(), client.Clone()
		server.NextProtos, client.NextProtos = []string{"echo"}, []string{"echo"}
		near, err := b.server.ListenPacket(":443")
		require.NoError(b, err)
		far, err := b.client.ListenPacket("")
		require.NoError(b, err)
		st, ct := &quic.Transport{Conn: near}, &quic.Transport{Conn: far}
		defer func() {
			assert.NoError(b, ct.Close())
			assert.NoError(b, st.Close())
			near.Close()
			far.Close()
		}()
		l, err := st.Listen(server, nil)
		require.NoError(b, err)
		var group sync.WaitGroup
		defer group.Wait()
		group.Go(func() { serveQUIC(b, l, &group) })
		defer l.Close()
		ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
		defer cancel()
		c, err := ct.Dial(ctx, near.LocalAddr(), client, nil)
		require.NoError(b, err)
		for range 3 {
			s, err := c.OpenStreamSync(ctx)
			require.NoError(b, err)
			exchange(b, s, 200_000)
			require.NoError(b, s.Close())
		}
		require.NoError(b, c.CloseWithError(0, ""))
	})
}

// serveQUIC echoes on all streams, until the listener is closed.
func serveQUIC(b *bench, l *quic.Listener, group *sync.WaitGroup) {
	for {
		c, err := l.Accept(b.Context())
		if err != nil {
			return
		}
		group.Go(func() {
			for {
				s, err := c.AcceptStream(context.Background())
				if err != nil {
					return
				}
				group.Go(func() { echo(s) })
			}
		})
	}
}

// TestDTLS: pion/dtls, on a socket of each host.
func TestDTLS(t *testing.T) {
	server, client := certificate(t)
	everywhere(t, func(b *bench) {
		near, err := b.server.ListenPacket(":684")
		require.NoError(b, err)
		far, err := b.client.ListenPacket("")
		require.NoError(b, err)
		ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			c, err := dtls.ServerWithOptions(near, far.LocalAddr(), dtls.WithCertificates(server.Certificates...))
			if !assert.NoError(b, err) || !assert.NoError(b, c.HandshakeContext(ctx)) {
				return
			}
			defer c.Close()
			buf := make([]byte, 2048)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				c.Write(buf[:n])
			}
		})
		c, err := dtls.ClientWithOptions(far, near.LocalAddr(),
			dtls.WithRootCAs(client.RootCAs), dtls.WithServerName("server.test"))
		require.NoError(b, err)
		require.NoError(b, c.HandshakeContext(ctx))
		heard := false
		for try := range 20 { // datagrams may get lost
			text := []byte{'n', byte(try)}
			_, err := c.Write(text)
			require.NoError(b, err)
			require.NoError(b, c.SetReadDeadline(time.Now().Add(time.Second)))
			buf := make([]byte, 100)
			if n, err := c.Read(buf); err == nil {
				assert.Equal(b, text, buf[:n])
				heard = true
				break
			}
		}
		assert.True(b, heard)
		require.NoError(b, c.Close())
		near.Close()
		far.Close()
		group.Wait()
	})
}
