//go:build !plan9

package forward_test

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

const (
	syn    = header.TCPFlagSyn
	synAck = header.TCPFlagSyn | header.TCPFlagAck
	rst    = header.TCPFlagRst
)

func tcp(s seen) header.TCP { return header.TCP(s.transport) }

// dials is a dialer whose dials wait to be decided.
type dials chan *pendingDial

type pendingDial struct {
	ctx     context.Context
	address string
	result  chan error
	conn    tunx.StreamConn
}

func (d dials) DialStream(ctx context.Context, address string) (tunx.StreamConn, error) {
	p := &pendingDial{ctx: ctx, address: address, result: make(chan error, 1)}
	d <- p
	select {
	case err := <-p.result:
		return p.conn, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing came")
		panic(0)
	}
}

func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			require.Fail(t, "still not: "+what)
		}
	}
}

func TestSYNIsAnsweredAfterTheDial(t *testing.T) {
	for name, a := range families {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			l := serve(t, echo)
			d := make(dials, 10)
			w := openWire(t, &forward.Config{Streams: d})
			w.send(segment(a.client, a.server, syn, 1000, 0))
			p := receive(t, d)
			assert.Equal(t, netip.AddrPortFrom(a.server, 80).String(), p.address)
			w.send(segment(a.client, a.server, syn, 1000, 0)) // again: no second dial
			await(t, "dialling", func() bool { return w.dev.Stats().Dialing == 1 })
			w.quiet()
			conn, err := to(l)(t.Context(), "")
			require.NoError(t, err)
			p.conn = conn
			p.result <- nil
			got := w.next()
			assert.Equal(t, synAck, tcp(got).Flags())
			assert.EqualValues(t, 1001, tcp(got).AckNumber())
			w.send(segment(a.client, a.server, header.TCPFlagAck, 1001, tcp(got).SequenceNumber()+1))
			await(t, "the flow", func() bool { return w.dev.Stats().Flows == 1 })
			assert.Empty(t, d)
		})
	}
}

func TestFailedDials(t *testing.T) {
	const (
		reset = iota
		nothing
		icmp
	)
	timeout := &forward.Error{Op: "dial", Err: context.DeadlineExceeded}
	for name, c := range map[string]struct {
		err    error
		answer int
		codes  [2]uint8 // of ICMP, ICMPv6
		config forward.Config
	}{
		"refused":              {err: connRefused},
		"refused by syscall":   {err: syscall.ECONNREFUSED}, // on Windows another one
		"refused by netstack":  {err: netstack.ErrConnectionRefused},
		"port unreachable":     {err: tunx.ErrPortUnreachable},
		"unknown":              {err: errors.New("who knows")},
		"host unreachable":     {err: hostUnreach, answer: icmp, codes: [2]uint8{1, 3}},
		"network unreachable":  {err: netUnreach, answer: icmp, codes: [2]uint8{0, 0}},
		"host down":            {err: hostDown, answer: icmp, codes: [2]uint8{1, 3}},
		"network down":         {err: netDown, answer: icmp, codes: [2]uint8{0, 0}},
		"prohibited":           {err: syscall.EPERM, answer: icmp, codes: [2]uint8{13, 1}},
		"access":               {err: access, answer: icmp, codes: [2]uint8{13, 1}},
		"timeout":              {err: timeout, answer: nothing},
		"errno timeout":        {err: syscall.ETIMEDOUT, answer: nothing},
		"timeout with a reset": {err: timeout, config: forward.Config{ResetOnTimeout: true}},
	} {
		for family, a := range families {
			t.Run(name+" "+family, func(t *testing.T) {
				noLeak(t)
				d := make(dials, 10)
				events := make(chan forward.Event, 10)
				config := c.config
				config.Streams, config.OnFlow = d, func(e forward.Event) { events <- e }
				w := openWire(t, &config)
				p := segment(a.client, a.server, syn, 7, 0)
				w.send(p)
				receive(t, d).result <- c.err
				e := receive(t, events)
				assert.Equal(t, forward.FlowRefused, e.Kind)
				assert.ErrorIs(t, e.Err, c.err)
				var typed *forward.Error
				require.ErrorAs(t, e.Err, &typed)
				assert.Equal(t, "dial", typed.Op)
				switch c.answer {
				case reset:
					got := w.next()
					assert.Equal(t, rst|header.TCPFlagAck, tcp(got).Flags())
					assert.EqualValues(t, 8, tcp(got).AckNumber())
				case icmp:
					got := w.next()
					kind, code := uint8(3), c.codes[0]
					if a.client.Is6() {
						kind, code = 1, c.codes[1]
					}
					assert.Equal(t, []byte{kind, code}, got.transport[:2])
					assert.Equal(t, p, got.transport[8:], "the SYN is quoted")
					assert.Equal(t, a.client, got.dst)
				case nothing:
					w.quiet()
				}
				await(t, "the end", func() bool { return w.dev.Stats().Dialing == 0 })
				// The next SYN is a new dial, whatever became of the first.
				w.send(segment(a.client, a.server, syn, 7, 0))
				receive(t, d).result <- connRefused
				assert.NotZero(t, tcp(w.next()).Flags()&rst)
				await(t, "counted", func() bool { return w.dev.Stats().Refused == 2 })
			})
		}
	}
}

func TestNoDialer(t *testing.T) {
	noLeak(t)
	a := families["ipv4"]
	w := openWire(t, nil)
	w.send(segment(a.client, a.server, syn, 7, 0))
	assert.NotZero(t, tcp(w.next()).Flags()&rst)
}

func TestDialerWithoutConn(t *testing.T) {
	noLeak(t)
	a := families["ipv4"]
	w := openWire(t, &forward.Config{Streams: streams(func(context.Context, string) (tunx.StreamConn, error) { return nil, nil })})
	w.send(segment(a.client, a.server, syn, 7, 0))
	assert.NotZero(t, tcp(w.next()).Flags()&rst)
}

func TestDialTimeout(t *testing.T) {
	noLeak(t)
	a := families["ipv4"]
	w := openWire(t, &forward.Config{Streams: make(dials, 10), DialTimeout: time.Millisecond, ResetOnTimeout: true})
	w.send(segment(a.client, a.server, syn, 7, 0))
	assert.NotZero(t, tcp(w.next()).Flags()&rst)
}

// damage changes the window of a segment, which its checksum covers.
func damage(p []byte) []byte {
	p[len(p)-header.TCPMinimumSize+15] ^= 1
	return p
}

func TestClientGivesUp(t *testing.T) {
	a := families["ipv4"]
	t.Run("reset", func(t *testing.T) {
		noLeak(t)
		d := make(dials, 10)
		w := openWire(t, &forward.Config{Streams: d})
		w.send(segment(a.client, a.server, syn, 1000, 0))
		p := receive(t, d)
		w.send(segment(a.client, a.server, rst, 5, 0)) // of another time
		w.send(segment(a.client, a.server, rst, 1001, 0))
		receive(t, p.ctx.Done())
		await(t, "no dial", func() bool { return w.dev.Stats().Dialing == 0 })
		w.quiet()
	})
	t.Run("damaged on its way", func(t *testing.T) {
		noLeak(t)
		d := make(dials, 10)
		w := openWire(t, &forward.Config{Streams: d})
		w.send(damage(segment(a.client, a.server, syn, 1000, 0))) // no request
		w.send(segment(a.client, a.server, syn, 1000, 0))
		p := receive(t, d)
		w.send(damage(segment(a.client, a.server, rst, 1001, 0)))
		w.send(damage(segment(a.client, a.server, syn, 5000, 0)))
		w.send(segment(a.server, a.client, syn, 1, 0)) // another client's: what was before has been seen
		receive(t, d).result <- connRefused
		assert.NotZero(t, tcp(w.next()).Flags()&rst)
		require.NoError(t, p.ctx.Err())
		await(t, "one dial", func() bool { return w.dev.Stats().Dialing == 1 })
		p.result <- connRefused
		assert.EqualValues(t, 1001, tcp(w.next()).AckNumber())
	})
	t.Run("new SYN", func(t *testing.T) {
		noLeak(t)
		d := make(dials, 10)
		w := openWire(t, &forward.Config{Streams: d})
		w.send(segment(a.client, a.server, syn, 1000, 0))
		first := receive(t, d)
		w.send(segment(a.client, a.server, syn, 5000, 0))
		receive(t, first.ctx.Done())
		second := receive(t, d)
		second.result <- connRefused
		got := tcp(w.next())
		assert.NotZero(t, got.Flags()&rst)
		assert.EqualValues(t, 5001, got.AckNumber())
	})
	t.Run("in the handshake", func(t *testing.T) {
		noLeak(t)
		l := serve(t, echo)
		w := openWire(t, &forward.Config{Streams: to(l), HandshakeTimeout: 2 * time.Second})
		w.send(segment(a.client, a.server, syn, 1000, 0))
		assert.Equal(t, synAck, tcp(w.next()).Flags())
		await(t, "the end", func() bool { return w.dev.Stats().Refused == 1 })
		assert.Zero(t, w.dev.Stats().Flows)
	})
}

// over is the number of SYNs above each bound.
func over(w *wire) [3]uint64 {
	s := w.dev.Stats()
	return [3]uint64{s.OverHalfOpen, s.OverFlows, s.OverPerSource}
}

func TestLimits(t *testing.T) {
	source := netip.MustParseAddr
	for name, c := range map[string]struct {
		config  forward.Config
		sources []netip.Addr // the last one is above the limit
		reset   bool
		over    [3]uint64 // half open, flows, per source
	}{
		"half open, drop":  {forward.Config{MaxHalfOpen: 2}, []netip.Addr{source("10.7.0.1"), source("10.7.0.2"), source("10.7.0.3")}, false, [3]uint64{1}},
		"half open, reset": {forward.Config{MaxHalfOpen: 1, Overflow: netstack.Reset}, []netip.Addr{source("10.7.0.1"), source("10.7.0.2")}, true, [3]uint64{1}},
		"flows, drop":      {forward.Config{MaxFlows: 1}, []netip.Addr{source("10.7.0.1"), source("10.7.0.2")}, false, [3]uint64{0, 1}},
		"flows, reset":     {forward.Config{MaxFlows: 1, Overflow: netstack.Reset}, []netip.Addr{source("10.7.0.1"), source("10.7.0.2")}, true, [3]uint64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			d := make(dials, 10)
			config := c.config
			config.Streams = d
			w := openWire(t, &config)
			for i, a := range c.sources {
				w.send(segment(a, source(server4), syn, 1, 0))
				if i < len(c.sources)-1 {
					receive(t, d)
				}
			}
			await(t, "counted", func() bool { return over(w) == c.over })
			if c.reset {
				assert.NotZero(t, tcp(w.next()).Flags()&rst)
			}
			w.quiet()
			assert.Empty(t, d)
			assert.Equal(t, len(c.sources)-1, w.dev.Stats().Dialing)
		})
	}
	t.Run("of one source", func(t *testing.T) {
		noLeak(t)
		d := make(dials, 10)
		w := openWire(t, &forward.Config{Streams: d, MaxPerSource: 1, Overflow: netstack.Reset})
		w.send(segment(source("10.7.0.1"), source(server4), syn, 1, 0))
		receive(t, d)
		w.send(segment(source("10.7.0.1"), source("192.0.2.8"), syn, 1, 0))
		assert.NotZero(t, tcp(w.next()).Flags()&rst)
		assert.Equal(t, [3]uint64{0, 0, 1}, over(w))
		w.send(segment(source("10.7.0.2"), source(server4), syn, 1, 0))
		receive(t, d).result <- connRefused
		assert.NotZero(t, tcp(w.next()).Flags()&rst)
	})
}

func TestCloseEndsDials(t *testing.T) {
	t.Run("that heed their context", func(t *testing.T) {
		noLeak(t)
		d := make(dials, 100)
		w := openWire(t, &forward.Config{Streams: d})
		for i := range 50 {
			w.send(segment(netip.AddrFrom4([4]byte{10, 7, 1, byte(i)}), netip.MustParseAddr(server4), syn, 1, 0))
		}
		for range 50 {
			receive(t, d)
		}
		require.NoError(t, w.dev.Close())
		assert.Zero(t, w.dev.Stats().Dialing)
		require.NoError(t, w.dev.Close())
	})
	t.Run("that do not", func(t *testing.T) {
		noLeak(t)
		called, release := make(chan struct{}), make(chan struct{})
		l := serve(t, echo)
		w := openWire(t, &forward.Config{Streams: streams(func(context.Context, string) (tunx.StreamConn, error) {
			close(called)
			<-release
			return to(l)(context.Background(), "")
		})})
		a := families["ipv4"]
		w.send(segment(a.client, a.server, syn, 1, 0))
		receive(t, called)
		begun := time.Now()
		require.NoError(t, w.dev.Close())
		assert.GreaterOrEqual(t, time.Since(begun), time.Second)
		close(release) // what it returns is closed: noLeak sees it
		await(t, "the end", func() bool { return w.dev.Stats().Dialing == 0 })
	})
}
