package tunx_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

func dialling(t *testing.T, d tunx.ContextDialer, c *tunx.PacketDialerConfig) tunx.PacketProxy {
	t.Helper()
	p, err := tunx.NewPacketProxyFromDialer(d, c)
	require.NoError(t, err)
	return p
}

// conns is a dialer that counts, and hides what its conns are.
type conns struct {
	mu     sync.Mutex
	opened int
	hide   bool
}

func (d *conns) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	d.opened++
	d.mu.Unlock()
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil && d.hide {
		return struct{ net.Conn }{c}, nil
	}
	return c, err
}

func (d *conns) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened
}

func TestPacketDialerProxy(t *testing.T) {
	for name, hide := range map[string]bool{"socket": false, "other conn": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			d := &conns{hide: hide}
			r := newReceiver()
			s, err := dialling(t, d, nil).NewSession(r)
			require.NoError(t, err)
			for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
				echo := udpEcho(t, address)
				for _, text := range []string{"x", "", string(make([]byte, 65_487))} {
					n, err := s.WriteTo([]byte(text), echo)
					require.NoError(t, err)
					assert.Equal(t, len(text), n)
					assert.Equal(t, text, r.next(t))
					assert.Equal(t, echo.String(), (<-r.from).String())
				}
			}
			assert.Equal(t, 2, d.count(), "one for each destination")
			nobody := closedPort(t, "127.0.0.1:0")
			if runtime.GOOS != "windows" { // package net switches it off there
				eventually(t, "not told", func() bool {
					_, err = s.WriteTo([]byte("x"), nobody)
					return err != nil
				})
				require.ErrorIs(t, err, tunx.ErrPortUnreachable)
			}
			require.NoError(t, s.Close())
			require.NoError(t, s.Close())
			<-r.closed
			_, err = s.WriteTo(nil, nobody)
			assert.ErrorIs(t, err, tunx.ErrClosed)
		})
	}
}

// elsewhere dials something else than it is asked for, as a dialler with rewrites does.
type elsewhere struct{ to string }

func (d elsewhere) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, d.to)
}

// Whoever answers in the place of the destination does so with its address, and so is
// somebody who does not listen there.
func TestPacketDialerProxyElsewhere(t *testing.T) {
	noLeak(t)
	destination := netip.MustParseAddrPort("192.0.2.7:7")
	a := make(answers, 10)
	s := newSessions(t, dialling(t, elsewhere{udpEcho(t, "127.0.0.1:0").String()}, nil), a, &tunx.SessionConfig{Mapping: tunx.Symmetric})
	require.NoError(t, s.WriteTo([]byte("x"), local(1), destination))
	assert.Equal(t, answer{"x", destination, local(1)}, a.next(t))
	require.NoError(t, s.Close())

	if runtime.GOOS == "windows" { // package net switches it off there
		return
	}
	r := newReceiver()
	session, err := dialling(t, elsewhere{closedPort(t, "127.0.0.1:0").String()}, nil).NewSession(r)
	require.NoError(t, err)
	eventually(t, "not told", func() bool {
		_, err = session.WriteTo([]byte("x"), destination)
		return err != nil
	})
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	require.NoError(t, session.Close())
}

// A session has so many conns, and they end when they are idle.
func TestPacketDialerProxyBounds(t *testing.T) {
	noLeak(t)
	d := &conns{}
	r := newReceiver()
	s, err := dialling(t, d, &tunx.PacketDialerConfig{MaxDestinations: 2, WriteIdle: 3 * time.Second}).NewSession(r)
	require.NoError(t, err)
	defer s.Close()
	before := openFDs(t)
	echoes := []netip.AddrPort{udpEcho(t, "127.0.0.1:0"), udpEcho(t, "127.0.0.1:0"), udpEcho(t, "127.0.0.1:0")}
	for _, to := range echoes {
		_, err = s.WriteTo([]byte("x"), to)
		require.NoError(t, err)
		r.next(t)
	}
	eventually(t, "conns that are idle stay", func() bool { return openFDs(t) <= before+len(echoes) })
	_, err = s.WriteTo([]byte("again"), echoes[0])
	require.NoError(t, err)
	assert.Equal(t, "again", r.next(t))
}

// Two goroutines that dial at the same time get one conn.
func TestPacketDialerProxyRace(t *testing.T) {
	noLeak(t)
	r := newReceiver()
	s, err := dialling(t, &conns{}, &tunx.PacketDialerConfig{WriteIdle: time.Millisecond}).NewSession(r)
	require.NoError(t, err)
	echo := udpEcho(t, "127.0.0.1:0")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				_, err := s.WriteTo([]byte("x"), echo)
				assert.NoError(t, err)
				time.Sleep(time.Millisecond)
			}
		})
	}
	group.Wait()
	require.NoError(t, s.Close())
}

func TestPacketDialerProxyFails(t *testing.T) {
	noLeak(t)
	_, err := tunx.NewPacketProxyFromDialer(nil, &tunx.PacketDialerConfig{MaxDestinations: -1, WriteIdle: -1, DialTimeout: -1})
	require.EqualError(t, err, "tunx: config: d=nil: must not be nil\ntunx: config: MaxDestinations=-1: must not be negative\n"+
		"tunx: config: WriteIdle=-1ns: must not be negative\ntunx: config: DialTimeout=-1ns: must not be negative")
	_, err = dialling(t, &conns{}, nil).NewSession(nil)
	require.Error(t, err)

	broken := errors.New("broken")
	open := func(c net.Conn, cause error) tunx.PacketRequestSender {
		s, err := dialling(t, dialerFunc(func(string, string) (net.Conn, error) { return c, cause }), nil).NewSession(newReceiver())
		require.NoError(t, err)
		return s
	}
	_, err = open(nil, broken).WriteTo(nil, web)
	require.EqualError(t, err, "tunx: dial: destination=192.0.2.1:443: broken")
	_, err = open(nil, refused).WriteTo(nil, web)
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	c, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	c.Close()
	_, err = open(c, nil).WriteTo(nil, web)
	require.Error(t, err)

	// A dial that hangs ends with the session.
	began := make(chan struct{})
	s, err := dialling(t, hanging{began}, nil).NewSession(newReceiver())
	require.NoError(t, err)
	failed := make(chan error)
	go func() {
		_, err := s.WriteTo(nil, web)
		failed <- err
	}()
	<-began
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-failed, tunx.ErrClosed)
}

type hanging struct{ began chan struct{} }

func (h hanging) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	close(h.began)
	<-ctx.Done()
	return nil, ctx.Err()
}

// With a table, a symmetric NAT that tells about closed ports.
func TestPacketDialerProxyInSessions(t *testing.T) {
	noLeak(t)
	told := make(chan netip.AddrPort, 10)
	a := make(answers, 10)
	s := newSessions(t, dialling(t, &net.Dialer{}, nil), a, &tunx.SessionConfig{
		Mapping: tunx.Symmetric, Unreachable: func(_, remote netip.AddrPort) { told <- remote },
	})
	echo, nobody := udpEcho(t, "127.0.0.1:0"), closedPort(t, "127.0.0.1:0")
	require.NoError(t, s.WriteTo([]byte("x"), local(1), echo))
	assert.Equal(t, "x", a.next(t).text)
	if runtime.GOOS == "windows" {
		return // package net switches it off
	}
	require.NoError(t, s.WriteTo([]byte("x"), local(1), nobody))
	assert.Equal(t, nobody, <-told)
}

// meeting is a dialer whose dials wait for each other, and then for leave.
type meeting struct {
	began chan struct{}
	leave chan struct{}
}

func (m meeting) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	m.began <- struct{}{}
	<-m.leave
	return net.Dial(network, address)
}

// Of conns that are dialled at the same time one is kept, and none after Close.
func TestPacketDialerProxyMeeting(t *testing.T) {
	noLeak(t)
	for _, closes := range []bool{false, true} {
		m := meeting{make(chan struct{}), make(chan struct{})}
		r := newReceiver()
		s, err := dialling(t, m, nil).NewSession(r)
		require.NoError(t, err)
		echo := udpEcho(t, "127.0.0.1:0")
		failed := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := s.WriteTo([]byte("x"), echo)
				failed <- err
			}()
		}
		<-m.began
		<-m.began
		if closes {
			require.NoError(t, s.Close())
		}
		close(m.leave)
		for range 2 {
			if err := <-failed; closes {
				require.ErrorIs(t, err, tunx.ErrClosed)
			} else {
				require.NoError(t, err)
				r.next(t)
				assert.Equal(t, echo.String(), (<-r.from).String())
			}
		}
		require.NoError(t, s.Close())
	}
}
