package dialer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func TestNewReportsEveryBadField(t *testing.T) {
	_, err := dialer.New(&dialer.Config{
		LocalAddr:        "localhost:0",
		Timeout:          -time.Second,
		HandshakeTimeout: -1,
		Multipath:        9,
		Options:          sockopt.Options{sockopt.TCPKeepIdle.Value(0)},
	})
	require.Error(t, err)
	text := err.Error()
	assert.Contains(t, text, `dialer: config: LocalAddr=localhost:0: host "localhost" is not an IP literal`)
	assert.Contains(t, text, "dialer: config: Timeout=-1s: must not be negative")
	assert.Contains(t, text, "dialer: config: HandshakeTimeout=-1ns: must not be negative")
	assert.Contains(t, text, "dialer: config: Multipath=unknown: 9 is not a mode")
	assert.Contains(t, text, "dialer: config: Options=TCP_KEEPIDLE=0s: ")
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "TCP_KEEPIDLE", option.Option)
	assert.Equal(t, "config", failure(t, err).Op)
	assert.False(t, failure(t, err).Timeout())
	assert.False(t, failure(t, err).Temporary())
}

func TestOptionOfTheListeningStage(t *testing.T) {
	var listening sockopt.Option
	for info := range sockopt.All() {
		if info.Stage == sockopt.Listening && info.Supported {
			var err error
			if listening, err = sockopt.Parse(info.Name + "=1"); err != nil {
				listening, err = sockopt.Parse(info.Name + "=1s")
			}
			require.NoError(t, err)
			break
		}
	}
	if listening == (sockopt.Option{}) {
		t.Skip("this platform has no option of the listening stage")
	}
	_, err := dialer.New(&dialer.Config{Options: sockopt.Options{listening}})
	assert.Equal(t, "Options", failure(t, err).Field)
	_, err = dialer.New(&dialer.Config{Options: sockopt.Options{sockopt.Prefer(listening)}})
	assert.NoError(t, err)
}

func TestBareConns(t *testing.T) {
	tcp := listen(t, "tcp", "127.0.0.1:0")
	echo(t, tcp)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { udp.Close() })
	for _, test := range []struct {
		network, address string
		want             net.Conn
	}{
		{"tcp", tcp.Addr().String(), &net.TCPConn{}},
		{"tcp4", tcp.Addr().String(), &net.TCPConn{}},
		{"udp", udp.LocalAddr().String(), &net.UDPConn{}},
		{"udp4", udp.LocalAddr().String(), &net.UDPConn{}},
	} {
		t.Run(test.network, func(t *testing.T) {
			noLeak(t)
			c, err := newDialer(t, nil).Dial(test.network, test.address)
			require.NoError(t, err)
			defer c.Close()
			assert.IsType(t, test.want, c)
		})
	}
}

func TestTCP6(t *testing.T) {
	l := listen(t, "tcp6", "[::1]:0")
	echo(t, l)
	c, err := newDialer(t, &dialer.Config{LocalAddr: "[::1]:0"}).Dial("tcp6", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
	assert.Equal(t, "::1", c.LocalAddr().(*net.TCPAddr).IP.String())
}

func TestUnknownNetwork(t *testing.T) {
	d := newDialer(t, nil)
	for _, network := range []string{"", "tcp5", "sctp", "tcp:1", "ip", "ip5:icmp", "ip4:nosuchprotocol"} {
		_, err := d.Dial(network, "127.0.0.1:1")
		e := failure(t, err)
		assert.Equal(t, network, e.Network)
		if network != "ip4:nosuchprotocol" {
			var unknown net.UnknownNetworkError
			assert.ErrorAs(t, err, &unknown, network)
		}
	}
}

func TestNilContext(t *testing.T) {
	var none context.Context
	_, err := newDialer(t, nil).DialContext(none, "tcp", "127.0.0.1:1")
	assert.EqualError(t, err, "dialer: dial tcp 127.0.0.1:1: the context is nil")
}

func TestRefusedConnUnwrapsToErrno(t *testing.T) {
	address := refusing(t)
	_, err := newDialer(t, nil).Dial("tcp", address)
	require.Error(t, err)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "dial", op.Op)
	var errno syscall.Errno
	assert.ErrorAs(t, err, &errno)
	e := failure(t, err)
	assert.Equal(t, dialer.Error{Op: "dial", Network: "tcp", Address: address, Err: e.Err}, *e)
	assert.False(t, e.Timeout())
	assert.Equal(t, "dialer: dial tcp "+address+": "+op.Err.Error(), err.Error(), "nothing is said twice")
}

func TestPort70000DoesNotWrap(t *testing.T) {
	// 70000 is 4464 in 16 bits.
	l, err := net.Listen("tcp", "127.0.0.1:4464")
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	_, err = newDialer(t, nil).Dial("tcp", "127.0.0.1:70000")
	var bad *net.AddrError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, "invalid port", bad.Err)
	_, err = dialer.New(&dialer.Config{LocalAddr: "127.0.0.1:70000"})
	assert.EqualError(t, err, `dialer: config: LocalAddr=127.0.0.1:70000: port "70000" is not a number from 0 to 65535`)
}

func TestConfigIsNeitherChangedNorShared(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	ca := newAuthority(t)
	echo(t, tls.NewListener(l, ca.server(t, "127.0.0.1")))
	options, err := sockopt.ParseList("TCP_NODELAY=false,SO_KEEPALIVE=true")
	require.NoError(t, err)
	want := options.String()
	config := &dialer.Config{Options: options, TLS: ca.client()}
	config.TLS.NextProtos = []string{"a"}
	d := newDialer(t, config)

	// What the caller does afterwards must not reach the dialer.
	given := *config
	*config = dialer.Config{Timeout: time.Nanosecond}
	given.TLS.NextProtos[0] = ""
	given.TLS.RootCAs = nil
	c, err := d.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
	assert.Empty(t, given.TLS.ServerName)
	assert.Zero(t, given.HandshakeTimeout)
	assert.Equal(t, want, given.Options.String())
}

func TestCustomResolverAndNothingResolvedInNew(t *testing.T) {
	var asked atomic.Int32
	failing := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server")
	}}
	d := newDialer(t, &dialer.Config{Resolver: failing, LocalAddr: "127.0.0.1:0"})
	assert.Zero(t, asked.Load())
	_, err := d.Dial("tcp", "service.test:1")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	assert.NotZero(t, asked.Load())
}

func TestTimeout(t *testing.T) {
	noLeak(t)
	stuck := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	d := newDialer(t, &dialer.Config{Resolver: stuck, Timeout: 50 * time.Millisecond})
	_, err := d.Dial("tcp", "service.test:1")
	assert.True(t, failure(t, err).Timeout())
	var netErr net.Error
	require.ErrorAs(t, err, &netErr)
	assert.True(t, netErr.Timeout())
}

func TestDialWithCancelledContext(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := newDialer(t, nil).DialContext(ctx, "tcp", l.Addr().String())
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, c)
}

// unwatched is a context that has ended although its channel never says so: as
// if it had ended right after the connect.
type unwatched struct{ context.Context }

func (unwatched) Done() <-chan struct{} { return nil }
func (unwatched) Err() error            { return context.Canceled }

func TestContextThatEndsAfterConnectYieldsNoConn(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	plain := listen(t, "tcp", "127.0.0.1:0")
	echo(t, plain)
	secure := listen(t, "tcp", "127.0.0.1:0")
	echo(t, tls.NewListener(secure, ca.server(t, "127.0.0.1")))
	for _, test := range []struct {
		name, address string
		config        dialer.Config
	}{
		{"plain", plain.Addr().String(), dialer.Config{}},
		{"tls", secure.Addr().String(), dialer.Config{TLS: ca.client()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := newDialer(t, &test.config).DialContext(unwatched{t.Context()}, "tcp", test.address)
			require.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, c)
		})
	}
}

func TestContextCancelledAtAnyMoment(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, tls.NewListener(l, ca.server(t, "127.0.0.1")))
	d := newDialer(t, &dialer.Config{TLS: ca.client()})
	for i := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
		c, err := d.DialContext(ctx, "tcp", l.Addr().String())
		if err == nil {
			roundTrip(t, c) // the context has no effect any more
			c.Close()
		} else {
			assert.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, c)
		}
		timer.Stop()
		cancel()
	}
}

func TestConcurrentDials(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	d := newDialer(t, &dialer.Config{LocalAddr: "127.0.0.1:0", Timeout: eventually})
	t.Run("group", func(t *testing.T) {
		for range 8 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				c, err := d.Dial("tcp", l.Addr().String())
				require.NoError(t, err)
				defer c.Close()
				roundTrip(t, c)
			})
		}
	})
}

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	for _, test := range []struct {
		err  dialer.Error
		want string
	}{
		{dialer.Error{Op: "config", Field: "TLS", Err: cause}, "dialer: config: TLS: cause"},
		{dialer.Error{Op: "config", Field: "Timeout", Value: "-1s", Err: cause}, "dialer: config: Timeout=-1s: cause"},
		{dialer.Error{Op: "dial", Network: "tcp", Address: "a:1", Err: cause}, "dialer: dial tcp a:1: cause"},
		{dialer.Error{Op: "dial", Network: "tcp", Address: "a:1", Err: &net.OpError{Op: "dial", Net: "tcp", Err: cause}},
			"dialer: dial tcp a:1: dial tcp: cause"},
	} {
		assert.EqualError(t, &test.err, test.want)
		assert.ErrorIs(t, &test.err, cause)
	}
}

func TestErrorRepeatsItsCause(t *testing.T) {
	e := &dialer.Error{Op: "dial", Err: &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}}
	assert.True(t, e.Timeout())
	assert.True(t, e.Temporary())
}
