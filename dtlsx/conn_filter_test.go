package dtlsx_test

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// rec is a record with a body.
func rec(kind, epoch byte, body ...byte) []byte {
	return append([]byte{kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1, 0, byte(len(body))}, body...)
}

func TestSift(t *testing.T) {
	for name, test := range map[string]struct {
		in, out []byte
		dropped uint64
	}{
		"secret":              {rec(23, 1, 1, 2), rec(23, 1, 1, 2), 0},
		"handshake":           {rec(22, 0, 1), rec(22, 0, 1), 0},
		"clear data":          {rec(23, 0, 1), nil, 1},
		"alert":               {rec(21, 0, 2, 40), rec(21, 0, 2, 40), 0},
		"long alert":          {rec(21, 0, 2, 40, 0), nil, 1},
		"change":              {rec(20, 0, 1), rec(20, 0, 1), 0},
		"bad change":          {rec(20, 0, 2), nil, 1},
		"unknown":             {rec(99, 0), nil, 1},
		"nothing":             {nil, nil, 1},
		"short":               {rec(23, 1, 1)[:13], nil, 1},
		"between":             {slices.Concat(rec(22, 0, 1), rec(23, 0, 9), rec(23, 1, 2)), slices.Concat(rec(22, 0, 1), rec(23, 1, 2)), 1},
		"behind a secret one": {slices.Concat(rec(23, 1, 2), rec(23, 0, 9)), rec(23, 1, 2), 1},
		"garbage behind":      {append(rec(23, 1, 2), 7), nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := slices.Clone(test.in)
			n, dropped := dtlsx.Sift(b, 0, false)
			assert.Equal(t, test.out, append([]byte(nil), b[:n]...))
			assert.Equal(t, test.dropped, dropped)
		})
	}
}

// A record that ends within the connection ID is none.
func TestSiftCutID(t *testing.T) {
	n, dropped := dtlsx.Sift(rec(25, 1), 4, false)
	assert.Zero(t, n)
	assert.EqualValues(t, 1, dropped)
}

// After the handshake nothing in the clear is welcome.
func TestSiftAfterwards(t *testing.T) {
	for _, plain := range [][]byte{rec(22, 0, 1), rec(21, 0, 2, 40), rec(20, 0, 1), rec(23, 0, 1)} {
		b := slices.Concat(plain, rec(22, 1, 2), plain)
		n, dropped := dtlsx.Sift(b, 0, true)
		assert.Equal(t, rec(22, 1, 2), b[:n])
		assert.EqualValues(t, 2, dropped)
	}
}

// What is left is made of welcome records, and stays as it is when it is sifted again.
func FuzzSift(f *testing.F) {
	f.Add(slices.Concat(rec(22, 0, 1), rec(23, 0, 9), rec(25, 1, 2, 3, 4)), 2, false)
	f.Add([]byte{}, 0, true)
	f.Fuzz(func(t *testing.T, b []byte, cid int, over bool) {
		cid &= 31
		before := len(b)
		n, _ := dtlsx.Sift(b, cid, over)
		if n > before {
			t.Fatal("grew")
		}
		once := bytes.Clone(b[:n])
		m, dropped := dtlsx.Sift(b[:n], cid, over)
		if n > 0 && (m != n || dropped != 0 || !bytes.Equal(once, b[:m])) {
			t.Fatal("not stable")
		}
	})
}

// sizes notes the size of each datagram.
type sizes struct {
	net.PacketConn

	mu  sync.Mutex
	all []int
}

func (s *sizes) WriteTo(b []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	s.all = append(s.all, len(b))
	s.mu.Unlock()
	return s.PacketConn.WriteTo(b, to)
}

// No datagram of a handshake is larger than the MTU.
func TestMTU(t *testing.T) {
	noLeak(t)
	config := serverTLS(t)
	// A certificate with many names takes several datagrams.
	leaf := &pki.Leaf{Names: []string{"127.0.0.1"}}
	for i := range 60 {
		leaf.Names = append(leaf.Names, string(rune('a'+i%26))+"-a-name-that-is-long-enough-"+string(rune('a'+i/26))+".test")
	}
	config.Certificates[0] = issue(t, leaf).TLS()
	for _, mtu := range []int{256, 0, 1400} {
		socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		link := &sizes{PacketConn: socket}
		done := make(chan error, 1)
		var b *dtlsx.Conn
		go func() {
			first := make([]byte, 2048)
			n, from, err := socket.ReadFrom(first)
			if err == nil {
				link.PacketConn = &oneLink{socket, first[:n], from}
				b, err = dtlsx.Shake(t.Context(), &dtlsx.Config{TLS: config, MTU: mtu}, link, from)
			}
			done <- err
		}()
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), MTU: mtu}})
		require.NoError(t, err)
		a, err := d.Dial("udp", socket.LocalAddr().String())
		require.NoError(t, err)
		require.NoError(t, <-done)
		if mtu == 0 {
			mtu = dtlsx.DefaultMTU
		}
		link.mu.Lock()
		assert.LessOrEqual(t, slices.Max(link.all), mtu)
		assert.Greater(t, slices.Max(link.all), mtu/2, "is used")
		link.mu.Unlock()
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
	}
}
