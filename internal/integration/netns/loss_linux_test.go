package netns_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// losses are in packets of a thousand, both ways.
var losses = []int{10, 50}

// atEachLoss runs a test once for each.
func atEachLoss(t *testing.T, test func(t *testing.T, l *link, lose int)) {
	t.Helper()
	for _, lose := range losses {
		t.Run(fmt.Sprintf("%d of 1000", lose), func(t *testing.T) {
			noGoroutines(t)
			test(t, newLink(t, lose, nil), lose)
		})
	}
}

// transfer is what is sent over links with losses: some thousand packets.
var transfer = testData{size: 4 << 20}

// tell says what a transfer was, and that the loss was seen.
func (l *link) tell(t *testing.T, what string, begun time.Time, c *quic.Conn) {
	t.Helper()
	s := c.ConnectionStats()
	took := time.Since(begun)
	t.Logf("%s: %.1f Mbit/s, %d of %d packets lost, %d on the link there and %d back", what,
		float64(transfer.size)*8/1e6/took.Seconds(), s.PacketsLost, s.PacketsSent, l.lost[1].Load(), l.lost[0].Load())
	assert.Positive(t, s.PacketsLost, what)
}

// HTTP/3 moves data both ways.
func TestLossHTTP3(t *testing.T) {
	atEachLoss(t, func(t *testing.T, l *link, _ int) {
		w := serveWeb(t, l.B, server4, quicx.ListenConfig{})
		tr, conns := w.transport(t, &http3x.Config{Dial: quicx.DialConfig{QUIC: patientQUIC()}})
		begun := time.Now()
		got, err := download(within(t), tr, w.url(fmt.Sprint(transfer.size)), nil)
		require.NoError(t, err)
		assert.Equal(t, transfer.sum(), got)
		l.tell(t, "download", begun, <-w.conns)
		begun = time.Now()
		sum, err := upload(within(t), tr, w.url(""), transfer.reader())
		require.NoError(t, err)
		want := transfer.sum()
		assert.Equal(t, want[:], sum)
		l.tell(t, "upload", begun, <-conns)
	})
}

// patientQUIC is for handshakes on a machine that is busy.
func patientQUIC() *quic.Config { return &quic.Config{HandshakeIdleTimeout: 30 * time.Second} }

// Streams of one conn move data both ways at a time.
func TestLossStreams(t *testing.T) {
	atEachLoss(t, func(t *testing.T, l *link, _ int) {
		cert, roots := identity(t)
		accepted := make(chan *quic.Conn, 1)
		address := serveStreams(t, l, cert, accepted)
		client, err := quicx.NewDialer(&quicx.DialConfig{
			TLS: streamTLS(roots), QUIC: patientQUIC(),
		})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, client.Close()) })
		d, err := quicx.NewStreamDialer(client, nil)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, d.Close()) })

		begun := time.Now()
		var group sync.WaitGroup
		for seed := range uint64(4) {
			group.Go(func() {
				part := testData{size: transfer.size / 4, seed: seed}
				got, err := echoed(d, address, part)
				assert.NoError(t, err)
				assert.Equal(t, part.sum(), got)
			})
		}
		group.Wait()
		l.tell(t, "4 streams both ways, the server", begun, <-accepted)
	})
}

// echoed sends data on a stream of its own and returns the hash of what comes back.
func echoed(d *quicx.StreamDialer, address string, data testData) (sum [sha256.Size]byte, err error) {
	c, err := d.Dial("udp", address)
	if err != nil {
		return sum, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return sum, err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, data.reader())
		if err == nil {
			err = c.(*quicx.StreamConn).CloseWrite()
		}
		sent <- err
	}()
	h := sha256.New()
	_, err = io.Copy(h, c)
	if e := <-sent; err == nil {
		err = e
	}
	return [sha256.Size]byte(h.Sum(nil)), err
}

// serveStreams sends back what comes in each stream, and returns its address. The first conn is told.
func serveStreams(t *testing.T, l *link, cert tls.Certificate, accepted chan<- *quic.Conn) string {
	t.Helper()
	q, err := quicx.NewListener(t.Context(), &quicx.ListenConfig{
		Conn: bindUDP(t, l.B, server4+":0"),
		TLS:  &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{streamProtocol}},
	})
	require.NoError(t, err)
	s, err := quicx.NewStreamListener(q, nil)
	require.NoError(t, err)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			select {
			case accepted <- c.(*quicx.StreamConn).Conn():
			default:
			}
			group.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
				_ = c.(*quicx.StreamConn).CloseWrite()
			})
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		group.Wait()
	})
	return q.Addr().String()
}

// DTLS handshakes come to an end by repetition, and what arrives of the data is unharmed.
func TestLossDTLS(t *testing.T) {
	atEachLoss(t, func(t *testing.T, l *link, lose int) {
		const handshakes, records = 40, 1200
		const window = 40 // three of them fit the buffer of a socket, so that nothing is lost there
		cert, roots := identity(t)
		address := echoDTLS(t, l, cert, nil).Addr().String()
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{
			TLS: &tls.Config{RootCAs: roots, ServerName: name}, RetransmitInterval: 100 * time.Millisecond, HandshakeTimeout: patience,
		}})
		require.NoError(t, err)
		begun := time.Now()
		var group sync.WaitGroup
		for range handshakes {
			group.Go(func() {
				c, err := d.DialContext(within(t), "udp", address)
				if assert.NoError(t, err) {
					assert.NoError(t, c.Close())
				}
			})
		}
		group.Wait()
		lost := l.lost[0].Load() + l.lost[1].Load()
		t.Logf("%d handshakes in %v, %d packets lost", handshakes, time.Since(begun).Round(time.Millisecond), lost)
		assert.Positive(t, lost, "so some was repeated")

		c, err := d.DialContext(within(t), "udp", address)
		require.NoError(t, err)
		defer c.Close()
		seen := map[uint64]bool{}
		for at := 0; at < records; at += window {
			exchangeRecords(t, c, uint64(at), window, seen)
		}
		got := len(seen)
		there := 1 - float64(lose)/1000
		t.Logf("%d of %d records came back", got, records)
		assert.Less(t, got, records, "the link loses")
		assert.Greater(t, float64(got), records*(there*there-0.05))
	})
}

// exchangeRecords sends so many records and notes which came back, until all did or nothing comes for a while.
func exchangeRecords(t *testing.T, c net.Conn, first uint64, n int, seen map[uint64]bool) {
	t.Helper()
	for i := range n {
		_, err := c.Write(record(first + uint64(i)))
		require.NoError(t, err)
	}
	buf := make([]byte, 2000)
	for all := len(seen) + n; len(seen) < all; {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		size, err := c.Read(buf)
		if err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return
		}
		number := binary.BigEndian.Uint64(buf)
		assert.Equal(t, record(number), buf[:size])
		assert.False(t, seen[number], "twice")
		seen[number] = true
	}
}

// record is a payload that can be told from all others.
func record(n uint64) []byte {
	b := make([]byte, 1000)
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], n+uint64(i)<<32)
	}
	return b
}

// echoDTLS sends back each record. change, when set, changes its config.
func echoDTLS(t *testing.T, l *link, cert tls.Certificate, change func(*dtlsx.ListenConfig)) *dtlsx.Listener {
	t.Helper()
	cfg := dtlsx.ListenConfig{Address: server4 + ":0", Config: dtlsx.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, RetransmitInterval: 100 * time.Millisecond, HandshakeTimeout: patience,
	}}
	if change != nil {
		change(&cfg)
	}
	var s net.Listener
	require.NoError(t, l.B.Do(func() (err error) {
		s, err = dtlsx.NewListener(t.Context(), &cfg)
		return err
	}))
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	group.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { c.Close() }) // its client's farewell may be lost
			group.Go(func() { echoRecords(c) })
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		cancel()
		group.Wait()
	})
	return s.(*dtlsx.Listener)
}

func echoRecords(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 2000)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
