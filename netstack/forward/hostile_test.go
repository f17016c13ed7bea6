//go:build !plan9

package forward_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// TestDestinationsOfNobody has a client that asks for what a dialer would take for the
// forwarder's own host, or for no single node.
func TestDestinationsOfNobody(t *testing.T) {
	noLeak(t)
	d, m := make(dials, 100), newMirror()
	w := openWire(t, &forward.Config{Streams: d, Packets: m})
	for _, to := range []string{
		"127.0.0.1", "127.255.0.9", "0.0.0.0", "255.255.255.255", "224.0.0.251",
		"::1", "::", "ff02::fb", "ff0e::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:192.0.2.7",
	} {
		a, client := netip.MustParseAddr(to), client4.Addr()
		if a.Is6() {
			client = client6.Addr()
		}
		w.send(segment(client, a, syn, 1, 0))
		w.send(ip(client, a, protoUDP, udp(4000, 53, payload(5)), 6))
	}
	a := families["ipv6"]
	w.send(segment(a.client, a.server, syn, 1, 0))
	assert.Equal(t, netip.AddrPortFrom(a.server, 80).String(), receive(t, d).address)
	w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	assert.Equal(t, netip.AddrPortFrom(a.server, 53), receive(t, m.sessions))
	await(t, "one dial", func() bool { return w.dev.Stats().Dialing == 1 })
	assert.Empty(t, d)
	assert.Empty(t, m.sessions)
	assert.EqualValues(t, 1, w.dev.Stats().UDP.Opened)
}

// TestPingsNobodyReads has a client that writes and does not read: a link's reader that
// waited for it would wait for ever, and the client for the reader.
func TestPingsNobodyReads(t *testing.T) {
	noLeak(t)
	inside, outside := tunx.Pipe(1500)
	f, err := forward.New(outside, &forward.Config{Echo: forward.EchoAnswer})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	a := families["ipv4"]
	p, protocol := ping(a.client, 1, 2, payload(20))
	written := make(chan error, 1)
	go func() {
		var err error
		for range 2000 {
			_, werr := inside.Write(ip(a.client, a.server, protocol, p, 2))
			err = errors.Join(err, werr)
		}
		written <- err
	}()
	require.NoError(t, receive(t, written))
}

// TestResetOfStalledUpload has a client that resets a flow whose server reads nothing.
func TestResetOfStalledUpload(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			sent := make(chan error, 1)
			go func() {
				_, err := p.client.Write(make([]byte, 32<<20))
				sent <- err
			}()
			var last uint64
			await(t, "a stall", func() bool {
				before := last
				for w := range p.f.Flows() {
					last = w.Sent
				}
				time.Sleep(50 * time.Millisecond)
				return last > 0 && last == before
			})
			require.NoError(t, p.client.Endpoint().Abort())
			require.Error(t, receive(t, sent))
			require.ErrorIs(t, p.closed(t).Err, netstack.ErrConnectionReset)
			_, err := io.Copy(io.Discard, p.server)
			if err == nil {
				skipLostReset(t, io.EOF)
			}
			require.Error(t, err)
		})
	}
}

// TestFloods sends what an attacker can repeat without end, from ever new addresses, and
// looks at what is left of it in memory.
func TestFloods(t *testing.T) {
	const many = 8000
	server := netip.MustParseAddr(server4)
	from := func(i int) netip.Addr {
		return netip.AddrFrom4([4]byte{10, 8, byte(i >> 8), byte(i)})
	}
	for name, packet := range map[string]func(i int) []byte{
		"SYNs":      func(i int) []byte { return segment(from(i), server, syn, uint32(i), 0) },
		"resets":    func(i int) []byte { return segment(from(i), server, rst, uint32(i), 0) },
		"datagrams": func(i int) []byte { return ip(from(i), server, protoUDP, udp(4000, 53, payload(500)), 6) },
		"fragments": func(i int) []byte {
			p := fragments(from(i), server, protoUDP, udp(4000, 53, payload(1400)), 6, 1200)[0]
			binary.BigEndian.PutUint16(p[4:], uint16(i))
			binary.BigEndian.PutUint16(p[10:], 0)
			binary.BigEndian.PutUint16(p[10:], ^sum(server, server, 1, p[:20]))
			return p
		},
		"pings": func(i int) []byte {
			p, protocol := ping(server, uint16(i), 2, payload(500))
			return ip(from(i), server, protocol, p, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			d, err := forward.NewDevice(0, &forward.Config{
				Streams: make(dials, many), MaxHalfOpen: 100, MaxFlows: 200,
				Packets:  proxyFunc(func(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) { return &silent{r}, nil }),
				Sessions: &tunx.SessionConfig{MaxSessions: 100},
				Echo:     forward.EchoAnswer,
			})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, d.Close()) })
			before, goroutines := heap(), runtime.NumGoroutine()
			for i := range many {
				_, err := d.Write(packet(i))
				require.NoError(t, err)
			}
			s := d.Stats()
			assert.LessOrEqual(t, s.Dialing, 100)
			assert.LessOrEqual(t, s.UDP.Open, 100)
			await(t, "few goroutines", func() bool { return runtime.NumGoroutine() <= goroutines+210 })
			assert.Less(t, int64(heap())-int64(before), int64(16<<20))
		})
	}
}

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// slowClose is a conn whose Close takes a while, as that of TLS may.
type slowClose struct{ covered }

func (c slowClose) Close() error {
	time.Sleep(500 * time.Millisecond)
	return c.covered.Close()
}

// TestSlowCloses has many conns whose Close is slow: they end at the same time.
func TestSlowCloses(t *testing.T) {
	noLeak(t)
	const many = 60
	dialer := to(serve(t, echo))
	s, f := open(t, &forward.Config{Streams: streams(func(ctx context.Context, address string) (tunx.StreamConn, error) {
		c, err := dialer(ctx, address)
		if err != nil {
			return nil, err
		}
		return slowClose{covered{c}}, nil
	})})
	for range many {
		dial(t, s, net.JoinHostPort(server4, "80"))
	}
	begun := time.Now()
	require.NoError(t, f.Close())
	assert.Less(t, time.Since(begun), many*500*time.Millisecond/2)
	assert.Zero(t, f.Stats().Flows)
}

// TestDevicesAtOnce has two devices that do not know of each other, the same client on both,
// and ends one of them from several goroutines while it is written to.
func TestDevicesAtOnce(t *testing.T) {
	noLeak(t)
	first, second := openWire(t, &forward.Config{Echo: forward.EchoAnswer}), openWire(t, &forward.Config{Echo: forward.EchoAnswer})
	a := families["ipv6"]
	p, protocol := ping(a.client, 1, 2, payload(20))
	for _, w := range []*wire{first, second} {
		w.send(ip(a.client, a.server, protocol, p, 2))
		w.next()
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				if _, err := first.dev.Write(ip(a.client, a.server, protocol, p, 2)); err != nil {
					assert.ErrorIs(t, err, tunx.ErrClosed)
					return
				}
			}
		})
		group.Go(func() { assert.NoError(t, first.dev.Close()) })
	}
	group.Wait()
	second.send(ip(a.client, a.server, protocol, p, 2))
	second.next()
}
