package netns_test

import (
	"context"
	"crypto/sha256"
	"io"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// moved is what is sent while a client moves. The receive windows are much smaller, so that most of it is sent after.
var moved = testData{size: 6 << 20}

const smallWindow = 256 << 10

func smallWindows() *quic.Config {
	c := patientQUIC()
	c.InitialStreamReceiveWindow, c.MaxStreamReceiveWindow = smallWindow, smallWindow
	c.InitialConnectionReceiveWindow, c.MaxConnectionReceiveWindow = smallWindow, smallWindow
	return c
}

// A mover is a conn of HTTP/3 whose client can migrate.
type mover struct {
	*http3.ClientConn

	client *quicx.Client
	conn   *quic.Conn // the client's
	served *quic.Conn // the server's
}

// newMover dials a server from a local address.
func newMover(t *testing.T, w *web, local string, config *quic.Config) *mover {
	t.Helper()
	cfg := w.dialConfig(local)
	cfg.QUIC = config
	client, err := quicx.NewDialer(&cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	conn, err := client.DialContext(within(t), "udp", w.address)
	require.NoError(t, err)
	tr := &http3.Transport{}
	t.Cleanup(func() { assert.NoError(t, tr.Close()) })
	return &mover{ClientConn: tr.NewClientConn(conn), client: client, conn: conn, served: <-w.conns}
}

// peerIP is the address that a server sends to.
func peerIP(c *quic.Conn) netip.Addr {
	return c.RemoteAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// migrate moves to another address as soon as a transfer is in its middle, and then lets it go on to its end.
func (m *mover) migrate(t *testing.T, h *halfway, to string) {
	t.Helper()
	<-h.reached
	before := peerIP(m.served)
	require.NoError(t, m.client.Migrate(within(t), m.conn, to))
	assert.NotEqual(t, to, before.String())
	close(h.goOn)
}

// move runs a download and an upload with a migration in each.
func (m *mover) move(t *testing.T, w *web, first, second string) {
	t.Helper()
	middle := moved.size / 2
	want := moved.sum()
	type result struct {
		sum []byte
		err error
	}
	done := make(chan result, 1)

	down := newHalfway(nil, middle)
	go func() {
		sum, err := download(within(t), m, w.url(strconv.FormatInt(moved.size, 10)), func(r io.Reader) io.Reader {
			down.Reader = r
			return down
		})
		done <- result{sum[:], err}
	}()
	m.migrate(t, down, second)
	got := <-done
	require.NoError(t, got.err)
	assert.Equal(t, want[:], got.sum, "the download")
	assert.Equal(t, second, peerIP(m.served).String(), "half of the download went there")

	up := newHalfway(moved.reader(), middle)
	go func() {
		sum, err := upload(within(t), m, w.url(""), up)
		done <- result{sum, err}
	}()
	m.migrate(t, up, first)
	got = <-done
	require.NoError(t, got.err)
	assert.Equal(t, want[:], got.sum, "the upload")
	assert.Equal(t, first, peerIP(m.served).String(), "and half of the upload came from there")
}

// A client changes its address in the middle of a download, and changes it back in the middle of an upload.
func TestMigrate(t *testing.T) {
	for _, v := range []struct{ name, server, first, second string }{
		{"IPv4", server4, client4, client4b},
		{"IPv6", server6, client6, client6b},
	} {
		t.Run(v.name, func(t *testing.T) {
			noGoroutines(t)
			l := newLink(t, 0, nil)
			w := serveWeb(t, l.B, v.server, quicx.ListenConfig{QUIC: smallListener()})
			newMover(t, w, v.first, smallWindows()).move(t, w, v.first, v.second)
		})
	}
}

// smallListener is for uploads, whose windows are the server's.
func smallListener() *quic.Config {
	c := smallWindows()
	c.HandshakeIdleTimeout = 0
	return c
}

// The same over a link that loses packets.
func TestMigrateWithLoss(t *testing.T) {
	noGoroutines(t)
	l := newLink(t, losses[0], nil)
	w := serveWeb(t, l.B, server4, quicx.ListenConfig{QUIC: smallListener()})
	m := newMover(t, w, client4, smallWindows())
	m.move(t, w, client4, client4b)
	assert.Positive(t, m.served.ConnectionStats().PacketsLost)
}

// Whichever of four sockets has a conn keeps it when the client's address changes.
func TestMigrateShards(t *testing.T) {
	noGoroutines(t)
	l := newLink(t, 0, nil)
	cert, roots := identity(t)
	q := listenShards(t, l, cert)
	const clients = 8
	for i := range clients {
		cfg := quicx.DialConfig{LocalAddr: client4, TLS: streamTLS(roots), QUIC: patientQUIC()}
		client, err := quicx.NewDialer(&cfg)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, client.Close()) })
		conn, err := client.DialContext(within(t), "udp", q.Addr().String())
		require.NoError(t, err)
		served, err := q.Accept(within(t))
		require.NoError(t, err)
		go echoStreams(served)
		part := testData{size: 256 << 10, seed: uint64(i)}
		for _, to := range []string{client4b, client4} {
			assert.Equal(t, part.sum(), echoOn(t, conn, part))
			require.NoError(t, client.Migrate(within(t), conn, to))
			assert.Equal(t, part.sum(), echoOn(t, conn, part))
			eventually(t, "the server sends there", func() bool { return peerIP(served).String() == to })
		}
	}
	assert.EqualValues(t, clients, q.Stats().Active)
}

// echoStreams sends back what comes in each stream of a conn.
func echoStreams(c *quic.Conn) {
	for {
		s, err := c.AcceptStream(context.Background())
		if err != nil {
			return
		}
		go func() {
			defer s.Close()
			_, _ = io.Copy(s, s)
		}()
	}
}

// echoOn sends data on a stream and returns the hash of what comes back.
func echoOn(t *testing.T, c *quic.Conn, data testData) [sha256.Size]byte {
	t.Helper()
	s, err := c.OpenStreamSync(within(t))
	require.NoError(t, err)
	go func() {
		defer s.Close()
		_, _ = io.Copy(s, data.reader())
	}()
	return sumOf(s)
}
