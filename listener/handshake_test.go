package listener_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// ended waits until the server has closed the conn.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	_, err := io.Copy(io.Discard, c)
	var netErr net.Error
	assert.False(t, errors.As(err, &netErr) && netErr.Timeout(), "still open: %v", err)
}

func TestAcceptReturnsTLSConnsWhoseHandshakeIsDone(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1")})
	client := dialTLS(t, l, ca.client())
	server := accept(t, l)
	require.IsType(t, &tls.Conn{}, server)
	assert.True(t, server.(*tls.Conn).ConnectionState().HandshakeComplete)
	assert.IsType(t, &net.TCPConn{}, server.(*tls.Conn).NetConn())
	assert.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
}

func TestSilentClientDelaysNobodyAndIsDropped(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	const timeout = 5 * time.Second // for the one that is not silent too
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), HandshakeTimeout: timeout})
	echo(t, l)
	start := time.Now()
	silent := dial(t, l)
	slow := dial(t, l)
	_, err := slow.Write([]byte{0x16, 3, 1, 0, 200}) // the head of a ClientHello
	require.NoError(t, err)
	roundTrip(t, dialTLS(t, l, ca.client()))
	assert.Less(t, time.Since(start), timeout, "another client waited for the silent one")
	ended(t, silent)
	ended(t, slow)
	assert.GreaterOrEqual(t, time.Since(start), timeout)
}

func TestFailedHandshakeIsNeverReturned(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1")})
	garbage := dial(t, l)
	_, err := garbage.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	require.NoError(t, err)
	ended(t, garbage)
	_, err = tls.Dial("tcp", l.Addr().String(), newAuthority(t).client()) // does not trust the server
	require.Error(t, err)
	client := dialTLS(t, l, ca.client())
	assert.Equal(t, client.LocalAddr().String(), accept(t, l).RemoteAddr().String())
}

func TestMaxHandshakes(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	var hellos atomic.Int32
	config := ca.server(t, "127.0.0.1")
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		hellos.Add(1)
		return nil, nil
	}
	const timeout = 4 * time.Second
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: config, HandshakeTimeout: timeout, MaxHandshakes: 2})
	start := time.Now()
	dial(t, l)
	dial(t, l)
	third := dialTLS(t, l, ca.client())
	assert.GreaterOrEqual(t, time.Since(start), timeout/4, "the third had to wait until a silent one has had its time")
	assert.Equal(t, third.LocalAddr().String(), accept(t, l).RemoteAddr().String())
	eventually(t, "the other silent one is dropped too", func() bool {
		s := stats(l)
		return s.HandshakesDropped == 1 && s.HandshakesFailed == 1 && s.Pending == 0
	})

	// Finished conns that nobody accepts hold their slots too.
	for range 2 {
		dialTLS(t, l, ca.client())
	}
	waiting := dial(t, l)
	client := tls.Client(waiting, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, client.SetDeadline(time.Now().Add(timeout+time.Second)))
	var netErr net.Error
	require.ErrorAs(t, client.Handshake(), &netErr)
	assert.True(t, netErr.Timeout())
	assert.Equal(t, int32(3), hellos.Load())
	for range 2 {
		accept(t, l)
	}
}

func TestCloseEndsHandshakesAndConnsThatNobodyAccepted(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), HandshakeTimeout: time.Hour})
	var clients []net.Conn
	for range 10 {
		clients = append(clients, dial(t, l))
	}
	config := ca.client()
	config.MaxVersion = tls.VersionTLS12 // there the server is the last to speak, so its handshake is done as well
	clients = append(clients, dialTLS(t, l, config))
	require.NoError(t, l.Close())
	for _, c := range clients {
		ended(t, c)
	}
}

func TestCloseWhileAllSlotsAreTaken(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), MaxHandshakes: 1, HandshakeTimeout: time.Hour})
	silent, second := dial(t, l), dial(t, l)
	eventually(t, "one has the slot, one waits for it", func() bool { return stats(l).Pending == 2 })
	require.NoError(t, l.Close())
	ended(t, silent)
	ended(t, second)
	assert.Zero(t, stats(l).Pending)
}

func TestOneTLSConfigPerListenerResumesSessions(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1")})
	echo(t, l)
	config := ca.client()
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for i := range 3 {
		c := dialTLS(t, l, config)
		roundTrip(t, c) // the ticket comes with the first data
		assert.Equal(t, i > 0, c.ConnectionState().DidResume)
		c.Close()
	}
}

// tlsDial is dialTLS for goroutines beside the test's.
func tlsDial(l net.Listener, ca *authority) (*tls.Conn, error) {
	return tls.Dial(l.Addr().Network(), l.Addr().String(), ca.client())
}
