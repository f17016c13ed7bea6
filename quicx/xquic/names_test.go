package xquic_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/sockopt"
)

// names is a resolver that has the same addresses of IPv4 for every name.
func names(t *testing.T, addrs ...[4]byte) *net.Resolver {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	var ended sync.WaitGroup
	ended.Go(func() {
		b := make([]byte, 1500)
		for {
			n, from, err := udp.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if !assert.NoError(t, m.Unpack(b[:n])) {
				return
			}
			m.Response, m.Additionals = true, nil
			for _, a := range addrs {
				if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET},
						Body:   &dnsmessage.AResource{A: a},
					})
				}
			}
			reply, err := m.Pack()
			assert.NoError(t, err)
			udp.WriteToUDPAddrPort(reply, from)
		}
	})
	t.Cleanup(func() { udp.Close(); ended.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", udp.LocalAddr().String())
	}}
}

// portOf is the port of a listener.
func portOf(l *xquic.Listener) string { return strconv.Itoa(int(l.LocalAddr().Port())) }

// An address that does not answer has its share of the time, and the next one is dialled.
func TestDialNextAddress(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	tls := clientTLS("echo")
	tls.ServerName = "localhost"
	c, err := dialer(t, &xquic.DialConfig{
		LocalAddr: "127.0.0.1:0", TLS: tls, Timeout: time.Minute, QUIC: &quic.Config{HandshakeTimeout: 4 * time.Second},
		Resolver: names(t, [4]byte{127, 0, 0, 9}, [4]byte{127, 0, 0, 1}), // nobody is at .9
	}).Dial("udp", "name.test:"+portOf(l))
	require.NoError(t, err)
	assert.Equal(t, netip.MustParseAddr("127.0.0.1"), c.RemoteAddr().Addr())
}

// When the time is over the addresses that are left are not dialled.
func TestDialNameTimeout(t *testing.T) {
	noLeak(t)
	silent := bareSocket(t)
	_, port, err := net.SplitHostPort(silent.LocalAddr().String())
	require.NoError(t, err)
	d := dialer(t, &xquic.DialConfig{
		LocalAddr: "127.0.0.1:0", Timeout: 1500 * time.Millisecond, // less than the 2 s that each address has at least
		Resolver: names(t, [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 9}),
	})
	_, err = d.Dial("udp", "name.test:"+port)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	joined, ok := errors.Unwrap(err).(interface{ Unwrap() []error })
	require.True(t, ok, "%v", err)
	assert.Len(t, joined.Unwrap(), 1, "attempts")
}

// A port has a name too, and IPv6 has a socket of its own.
func TestDialService(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{Address: "udp6://[::1]:0"})
	c, err := dialer(t, &xquic.DialConfig{LocalAddr: ":0"}).Dial("udp", l.LocalAddr().String())
	require.NoError(t, err)
	assert.Equal(t, l.LocalAddr(), c.RemoteAddr())
	_, err = dialer(t, &xquic.DialConfig{Timeout: 300 * time.Millisecond, LocalAddr: ":0"}).Dial("udp", "127.0.0.9:domain")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// Close wakes each Accept that waits, with the one cause.
func TestListenerCloseWakes(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	fails := make(chan error, 4)
	for range cap(fails) {
		go func() {
			_, err := l.Accept(context.Background())
			fails <- err
		}()
	}
	time.Sleep(20 * time.Millisecond) // most of them wait then
	require.NoError(t, l.Close(t.Context()))
	for range cap(fails) {
		require.ErrorIs(t, <-fails, net.ErrClosed)
	}
}

// An option that the kernel takes and does not keep is an error too, and leaves no socket.
func TestSocketOptionNotKept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux cuts SO_RCVBUF")
	}
	noLeak(t)
	_, err := xquic.NewListener(t.Context(), &xquic.ListenConfig{
		Address: "127.0.0.1:0", TLS: serverTLS(t), Options: sockopt.Options{sockopt.RcvBuf.Value(1 << 30)},
	})
	var e *xquic.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "set option", e.Op)
	assert.Equal(t, "Options", e.Field)
	assert.Equal(t, "SO_RCVBUF=1073741824", e.Value)
}
