package dtlsx_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// pki of the tests: a server for localhost, and a client.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	c := issue(t, &pki.Leaf{Names: []string{"localhost", "127.0.0.1", "::1"}})
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}}
}

func clientTLS() *tls.Config { return &tls.Config{RootCAs: authority().Pool()} }

// A oneLink is a socket whose first datagram was read already.
type oneLink struct {
	*net.UDPConn

	first []byte
	from  net.Addr
}

func (l *oneLink) ReadFrom(b []byte) (int, net.Addr, error) {
	if first := l.first; first != nil {
		l.first = nil
		return copy(b, first), l.from, nil
	}
	return l.UDPConn.ReadFrom(b)
}

// shake waits on a socket for one client, and shakes hands as a server.
func shake(t *testing.T, cfg *dtlsx.Config) (address string, accepted func() (*dtlsx.Conn, error)) {
	t.Helper()
	return shakeOn(t, "", cfg)
}

// shakeOn does it on an address that was used before. It closes the socket with the conn, and nobody else gets the port
// then.
func shakeOn(t *testing.T, on string, cfg *dtlsx.Config) (address string, accepted func() (*dtlsx.Conn, error)) {
	t.Helper()
	if on == "" {
		on = quietAddr(t)
	}
	packets, err := net.ListenPacket("udp4", on)
	require.NoError(t, err)
	socket := packets.(*net.UDPConn)
	type result struct {
		c   *dtlsx.Conn
		err error
	}
	done := make(chan result, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); socket.Close() })
	go func() {
		first := make([]byte, 2048)
		n, peer, err := socket.ReadFrom(first)
		if err != nil {
			done <- result{nil, err}
			return
		}
		c, err := dtlsx.Shake(ctx, cfg, &oneLink{socket, first[:n], peer}, peer)
		done <- result{c, err}
	}()
	return socket.LocalAddr().String(), func() (*dtlsx.Conn, error) {
		r := <-done
		return r.c, r.err
	}
}

// pair is two ends of a conn.
func pair(t *testing.T, serverCfg *dtlsx.Config, clientCfg *dtlsx.DialConfig) (c, s *dtlsx.Conn) {
	t.Helper()
	address, accepted := shake(t, serverCfg)
	d, err := dtlsx.NewDialer(clientCfg)
	require.NoError(t, err)
	conn, err := d.DialContext(t.Context(), "udp", address)
	require.NoError(t, err)
	s, err = accepted()
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(); s.Close() })
	return conn.(*dtlsx.Conn), s
}

// certified is a pair with the certificates above.
func certified(t *testing.T) (c, s *dtlsx.Conn) {
	t.Helper()
	return pair(t, &dtlsx.Config{TLS: serverTLS(t)}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
}
