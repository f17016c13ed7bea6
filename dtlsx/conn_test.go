package dtlsx_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/transport/v5/netctx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

// Records keep their bounds; what does not fit into a Read is dropped and counted.
func TestRecordBounds(t *testing.T) {
	noLeak(t)
	a, b := certified(t)
	for _, size := range []int{0, 1, 1000, dtlsx.MaxPayload} {
		sent := bytes.Repeat([]byte{7}, size)
		n, err := a.Write(sent)
		require.NoError(t, err)
		assert.Equal(t, size, n)
		got := make([]byte, dtlsx.MaxPayload)
		n, err = b.Read(got)
		require.NoError(t, err)
		assert.Equal(t, sent, got[:n])
	}
	_, err := a.Write(make([]byte, dtlsx.MaxPayload+1))
	require.ErrorIs(t, err, dtlsx.ErrMessageSize)
	assert.Contains(t, err.Error(), fmt.Sprint(dtlsx.MaxPayload))

	_, err = a.Write([]byte("too long"))
	require.NoError(t, err)
	_, err = b.Read(make([]byte, 3))
	require.ErrorIs(t, err, io.ErrShortBuffer)
	exchange(t, a, b)
	assert.Equal(t, uint64(1), b.Stats().Dropped)
	s := a.Stats()
	assert.Equal(t, uint64(6), s.RecordsOut)
	assert.Equal(t, uint64(1), s.RecordsIn)
	assert.Equal(t, uint64(1+1000+dtlsx.MaxPayload+8+8), s.BytesOut)
	assert.Equal(t, uint64(8), s.BytesIn)
}

// The largest record fits with the longest connection IDs and the cipher that
// adds most.
func TestLargestRecord(t *testing.T) {
	noLeak(t)
	for _, suite := range append(dtlsx.CipherSuites()[:8], dtlsx.InsecureCipherSuites()[0]) {
		s := dtlsx.Config{TLS: serverTLS(t), ConnectionID: 32, CipherSuites: []uint16{suite}, AllowInsecure: true}
		if name := dtlsx.CipherSuiteName(suite); strings.Contains(name, "_RSA_") {
			continue
		}
		c := s
		c.TLS = clientTLS()
		a, b := pair(t, &s, &dtlsx.DialConfig{Config: c})
		_, err := a.Write(make([]byte, dtlsx.MaxPayload))
		require.NoError(t, err)
		require.NoError(t, b.SetReadDeadline(time.Now().Add(time.Minute)))
		n, err := b.Read(make([]byte, 10000))
		require.NoError(t, err, dtlsx.CipherSuiteName(suite))
		assert.Equal(t, dtlsx.MaxPayload, n)
	}
}

// All that comes before the peer's close_notify is read before io.EOF.
func TestReadBeforeEOF(t *testing.T) {
	noLeak(t)
	for range 20 {
		a, b := certified(t)
		const records = 20
		for i := range records {
			_, err := a.Write([]byte{byte(i)})
			require.NoError(t, err)
		}
		require.NoError(t, a.Close())
		buffer := make([]byte, 10)
		for i := range records {
			n, err := b.Read(buffer)
			require.NoError(t, err, "record %d", i)
			assert.Equal(t, []byte{byte(i)}, buffer[:n])
		}
		_, err := b.Read(buffer)
		require.Equal(t, io.EOF, err)
		_, err = b.Write(buffer)
		require.ErrorIs(t, err, net.ErrClosed)
		assert.Contains(t, err.Error(), "the peer has closed")
		require.NoError(t, b.Close())
	}
}

// Records that follow the handshake at once are not lost, and a conn that is
// closed at once was one.
func TestRecordsBehindHandshake(t *testing.T) {
	noLeak(t)
	for range 20 {
		address, accepted := shake(t, &dtlsx.Config{TLS: serverTLS(t)})
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
		require.NoError(t, err)
		a, err := d.Dial("udp", address)
		require.NoError(t, err)
		const records = 10
		for i := range records {
			_, err := a.Write([]byte{byte(i)})
			require.NoError(t, err)
		}
		require.NoError(t, a.Close())
		b, err := accepted()
		require.NoError(t, err)
		buffer := make([]byte, 10)
		for i := range records {
			n, err := b.Read(buffer)
			require.NoError(t, err)
			assert.Equal(t, []byte{byte(i)}, buffer[:n])
		}
		require.NoError(t, b.Close())
	}
}

// Close wakes a Read, and both say so.
func TestCloseWakes(t *testing.T) {
	noLeak(t)
	a, _ := certified(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			_, err := a.Read(make([]byte, 10))
			assert.ErrorIs(t, err, net.ErrClosed)
		})
	}
	time.Sleep(time.Millisecond)
	for range 3 {
		wg.Go(func() { assert.NoError(t, a.Close()) })
	}
	wg.Wait()
	for _, set := range []func(time.Time) error{a.SetDeadline, a.SetReadDeadline, a.SetWriteDeadline} {
		require.ErrorIs(t, set(time.Now()), net.ErrClosed)
	}
}

// A peer that is gone is told by the system, and does not end the conn.
func TestPeerGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("package net hides closed ports there")
	}
	noLeak(t)
	a, b := certified(t)
	raw, err := a.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(uintptr) {}))
	require.NoError(t, dtlsx.Link(b).Close())
	eventually(t, "refused", func() bool {
		_, err = a.Write([]byte("anybody?"))
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = a.Write([]byte("anybody?"))
	if err == nil {
		_, err = a.Read(make([]byte, 10))
	}
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Millisecond)))
	eventually(t, "the conn goes on", func() bool {
		_, err = a.Read(make([]byte, 10))
		return errors.Is(err, os.ErrDeadlineExceeded)
	})
}

// Forged, replayed and malformed datagrams are counted and change nothing.
func TestForged(t *testing.T) {
	noLeak(t)
	a, b := certified(t)
	link := dtlsx.Link(a)
	record := append([]byte{23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 99, 0, 40}, make([]byte, 40)...)
	alert := []byte{21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40}
	plain := append([]byte{23, 254, 253, 0, 0, 0, 0, 0, 0, 0, 98, 0, 3}, "abc"...)
	unknown := []byte{99, 254, 253, 0, 0, 0, 0, 0, 0, 0, 97, 0, 0}
	spec := []byte{20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 96, 0, 2, 1, 1}
	for range 10 {
		for _, forged := range [][]byte{record, alert, {1}, {}, record[:20], plain, unknown, spec, append(record, plain...)} {
			_, err := link.WriteTo(forged, nil)
			require.NoError(t, err)
		}
	}
	exchange(t, a, b)
	assert.Equal(t, uint64(100), b.Stats().Discarded)
}

// Forged pieces of handshake messages after the handshake are not kept: the library
// would keep up to 2 MB of them, and whole messages for as long as the conn lives.
func TestForgedHandshakeAfterwards(t *testing.T) {
	noLeak(t)
	a, b := certified(t) // the server's end is a link without the listener's filter
	whole := wrap(22, 0, 1000, []byte{0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0})
	for name, way := range map[string]struct{ from, to *dtlsx.Conn }{"to the server": {a, b}, "to the client": {b, a}} {
		t.Run(name, func(t *testing.T) {
			link := dtlsx.Link(way.from)
			for i := range 50 {
				body := append([]byte{11, 0, 64, 0, 0, byte(50 + i), 0, 0, 9, 0, 4, 0}, make([]byte, 1024)...)
				for _, forged := range [][]byte{wrap(22, 0, uint64(100+i), body), whole} {
					_, err := link.WriteTo(forged, way.from.RemoteAddr())
					require.NoError(t, err)
				}
				if i%10 == 9 { // the kernel's buffer has room for so many
					exchange(t, way.from, way.to)
				}
			}
			assert.EqualValues(t, 100, way.to.Stats().Discarded, "all")
		})
	}
}

// A fatal alert that comes later ends the conn and is named. The library sends one
// for a record in the clear, from which a Conn is shielded.
func TestLateAlert(t *testing.T) {
	noLeak(t)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer socket.Close()
	var peer *dtls.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		first := make([]byte, 2048)
		n, from, err := socket.ReadFrom(first)
		if !assert.NoError(t, err) {
			return
		}
		peer, err = dtls.ServerWithOptions(&oneLink{socket, first[:n], from}, from, dtls.WithCertificates(serverTLS(t).Certificates...))
		if assert.NoError(t, err) {
			assert.NoError(t, peer.Handshake())
		}
	})
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
	require.NoError(t, err)
	conn, err := d.Dial("udp", socket.LocalAddr().String())
	require.NoError(t, err)
	wg.Wait()
	a := conn.(*dtlsx.Conn)
	_, err = dtlsx.Link(a).WriteTo(append([]byte{23, 254, 253, 0, 0, 0, 0, 0, 0, 0, 98, 0, 3}, "abc"...), nil)
	require.NoError(t, err)
	_, err = a.Read(make([]byte, 10))
	requireAlert(t, err, 10, true)
	_, err = a.Write([]byte("x"))
	requireAlert(t, err, 10, true)
	require.NoError(t, a.Close())
	require.NoError(t, peer.Close())
}

func TestDialOptions(t *testing.T) {
	noLeak(t)
	address, accepted := shake(t, &dtlsx.Config{TLS: serverTLS(t)})
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{TLS: clientTLS()}, LocalAddr: "127.0.0.1",
		Options: sockopt.Options{sockopt.RcvBuf.Value(100_000), sockopt.IPTTL.Value(9)},
	})
	require.NoError(t, err)
	c, err := d.Dial("udp4", address)
	require.NoError(t, err)
	s, err := accepted()
	require.NoError(t, err)
	ttl, err := sockopt.IPTTL.Get(c.(*dtlsx.Conn))
	require.NoError(t, err)
	assert.Equal(t, 9, ttl)
	assert.Equal(t, "127.0.0.1", c.LocalAddr().(*net.UDPAddr).IP.String())
	assert.Equal(t, address, c.RemoteAddr().String())
	assert.Equal(t, c.LocalAddr().String(), s.RemoteAddr().String())
	exchange(t, c, s)
	require.NoError(t, c.Close())
	require.NoError(t, s.Close())
}

// A dialled conn that nobody reads costs no memory: what waits is in the kernel's
// buffer, and the rest is lost.
func TestUnread(t *testing.T) {
	noLeak(t)
	a, b := certified(t)
	grown := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := grown()
	record := make([]byte, 1000)
	for range 20_000 {
		_, err := b.Write(record)
		require.NoError(t, err)
	}
	assert.Less(t, grown()-before, int64(4<<20), "of 20 MB that were sent")
	require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Minute)))
	n, err := a.Read(make([]byte, 2000))
	require.NoError(t, err)
	assert.Equal(t, 1000, n)
}

// What is wrong with single values is told where they are used.
func TestOddities(t *testing.T) {
	noLeak(t)
	assert.Equal(t, "unknown", dtlsx.AlertName(200))
	assert.Equal(t, "peer sent alert unknown(200)", (&dtlsx.AlertError{Code: 200, Received: true}).Error())
	none := errors.New("none for you")
	server := serverTLS(t)
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, authority().Pool()
	for want, get := range map[string]func(*tls.CertificateRequestInfo) (*tls.Certificate, error){
		"none for you":   func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, none },
		"no certificate": func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil },
		"cannot sign": func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{{1}}}, nil
		},
	} {
		c := clientTLS()
		c.GetClientCertificate = get
		client, _ := attempt(t, &dtlsx.Config{TLS: server}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}})
		requireAlert(t, client, 40, false)
		assert.Contains(t, client.Error(), want)
	}
	for want, get := range map[string]func(*tls.ClientHelloInfo) (*tls.Certificate, error){
		"none for you":            func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, none },
		"there is no certificate": func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil },
		"cannot sign":             func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil },
	} {
		_, s := attempt(t, &dtlsx.Config{TLS: &tls.Config{GetCertificate: get}}, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
		requireAlert(t, s, 40, false)
		assert.Contains(t, s.Error(), want)
	}
	for _, policy := range []dtlsx.ExtendedMasterSecret{dtlsx.RequestExtendedMasterSecret, dtlsx.DisableExtendedMasterSecret} {
		a, b := pair(t, &dtlsx.Config{TLS: serverTLS(t), ExtendedMasterSecret: policy},
			&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), ExtendedMasterSecret: policy}})
		exchange(t, a, b)
	}
}

// TestWriteWhileThePeerCloses: in that moment the library has an error of its own.
func TestWriteWhileThePeerCloses(t *testing.T) {
	noLeak(t)
	c, _ := certified(t)
	err := dtlsx.FailWrite(c, netctx.ErrClosing)
	require.ErrorIs(t, err, net.ErrClosed)
	assert.ErrorContains(t, err, "the peer has closed")
	require.NoError(t, c.Close())
	assert.ErrorIs(t, dtlsx.FailWrite(c, netctx.ErrClosing), net.ErrClosed)
}
