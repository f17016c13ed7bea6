package listener_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestNewReportsEveryBadField(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address:          "127.0.0.1:70000",
		TLS:              &tls.Config{},
		Options:          sockopt.Options{sockopt.TCPKeepIdle.Value(0)},
		Multipath:        9,
		HandshakeTimeout: -time.Second,
		MaxHandshakes:    -1,
	})
	require.Error(t, err)
	text := err.Error()
	for _, want := range []string{
		`listener: config: Address=127.0.0.1:70000: port "70000" is not a number from 0 to 65535`,
		"listener: config: TLS: needs Certificates, GetCertificate or GetConfigForClient",
		"listener: config: Options=TCP_KEEPIDLE=0s: ",
		"listener: config: Multipath=unknown: 9 is not a mode",
		"listener: config: HandshakeTimeout=-1s: must not be negative",
		"listener: config: MaxHandshakes=-1: must not be negative",
	} {
		assert.Contains(t, text, want)
	}
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "TCP_KEEPIDLE", option.Option)
	assert.False(t, failure(t, err).Timeout())
	assert.False(t, failure(t, err).Temporary())
}

func TestNilConfigHasNoAddress(t *testing.T) {
	_, err := listener.New(t.Context(), nil)
	assert.EqualError(t, err, "listener: config: Address: must be set")
	_, err = listener.NewPacketConn(t.Context(), nil)
	assert.EqualError(t, err, "listener: config: Address: must be set")
}

func TestContextOfNew(t *testing.T) {
	noLeak(t)
	stream, packet := &listener.Config{Address: "127.0.0.1:0"}, &listener.PacketConfig{Address: "127.0.0.1:0"}
	var none context.Context
	_, err := listener.New(none, stream)
	assert.EqualError(t, err, "listener: listen tcp 127.0.0.1:0: the context is nil")
	_, err = listener.NewPacketConn(none, packet)
	assert.EqualError(t, err, "listener: listen udp 127.0.0.1:0: the context is nil")
	_, err = listener.New(cancelled(t), stream)
	require.ErrorIs(t, err, context.Canceled)
	_, err = listener.NewPacketConn(cancelled(t), packet)
	require.ErrorIs(t, err, context.Canceled)
}

func TestContextOnlyLimitsTheOpening(t *testing.T) {
	ca := newAuthority(t)
	for name, config := range map[string]*tls.Config{"plain": nil, "tls": ca.server(t, "127.0.0.1")} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			ctx, cancel := context.WithCancel(t.Context())
			l, err := listener.New(ctx, &listener.Config{Address: "127.0.0.1:0", TLS: config})
			require.NoError(t, err)
			cancel()
			echo(t, l)
			if config == nil {
				roundTrip(t, dial(t, l))
			} else {
				roundTrip(t, dialTLS(t, l, ca.client()))
			}
		})
	}
}

func TestPlainListenerHasNoGoroutineAndBareConns(t *testing.T) {
	noLeak(t)
	before := runtime.NumGoroutine()
	l := open(t, &listener.Config{Address: "tcp://127.0.0.1:0"})
	client := dial(t, l)
	server := accept(t, l)
	eventually(t, "there is no goroutine", func() bool { return runtime.NumGoroutine() <= before })
	assert.IsType(t, &net.TCPConn{}, server)
	assert.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
	_, err := client.Write([]byte("hello"))
	require.NoError(t, err)
	buf := make([]byte, 5)
	_, err = server.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf))
}

func TestTCP6(t *testing.T) {
	l := open(t, &listener.Config{Address: "tcp6://[::1]:0"})
	echo(t, l)
	assert.Equal(t, "::1", l.Addr().(*net.TCPAddr).IP.String())
	roundTrip(t, dial(t, l))
}

func TestCloseWakesAcceptAndASecondCloseIsErrClosed(t *testing.T) {
	ca := newAuthority(t)
	for name, config := range map[string]*tls.Config{"plain": nil, "tls": ca.server(t, "127.0.0.1")} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: config})
			woken := make(chan error, 1)
			go func() {
				_, err := l.Accept()
				woken <- err
			}()
			time.Sleep(20 * time.Millisecond) // most likely it waits by now; if not it must fail all the same
			require.NoError(t, l.Close())
			err := <-woken
			require.ErrorIs(t, err, net.ErrClosed)
			assert.Equal(t, "accept", failure(t, err).Op)
			assert.False(t, failure(t, err).Temporary())
			require.ErrorIs(t, l.Close(), net.ErrClosed)
			_, err = l.Accept()
			require.ErrorIs(t, err, net.ErrClosed)
		})
	}
}

func TestAddressInUse(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0"})
	_, err := listener.New(t.Context(), &listener.Config{Address: "tcp://" + l.Addr().String()})
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	var errno syscall.Errno
	require.ErrorAs(t, err, &errno)
	e := failure(t, err)
	assert.Equal(t, "listen", e.Op)
	assert.Equal(t, "tcp", e.Network)
	assert.Equal(t, l.Addr().String(), e.Address)
	assert.Equal(t, "listener: listen tcp "+l.Addr().String()+": "+op.Err.Error(), err.Error(), "nothing is said twice")
}

func TestListenerIsASyscallConn(t *testing.T) {
	ca := newAuthority(t)
	for _, config := range []*tls.Config{nil, ca.server(t, "127.0.0.1")} {
		l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: config, Options: sockopt.Options{sockopt.RcvBuf.Value(65536)}})
		size, err := sockopt.RcvBuf.Get(l.(syscall.Conn))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, size, 65536)
	}
}

func TestConfigIsNeitherChangedNorShared(t *testing.T) {
	ca := newAuthority(t)
	config := listener.Config{
		Address: "127.0.0.1:0",
		TLS:     ca.server(t, "127.0.0.1"),
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)},
	}
	l := open(t, &config)
	config.TLS.Certificates[0] = tls.Certificate{}
	config.Options[0] = sockopt.TCPNoDelay.Value(true)
	assert.Zero(t, config.HandshakeTimeout)
	assert.Zero(t, config.MaxHandshakes)
	dialled := make(chan *tls.Conn, 1)
	go func() {
		c, err := tls.Dial("tcp", l.Addr().String(), ca.client())
		assert.NoError(t, err)
		dialled <- c
	}()
	server := accept(t, l)
	defer (<-dialled).Close()
	noDelay, err := sockopt.TCPNoDelay.Get(server.(*tls.Conn).NetConn().(*net.TCPConn))
	require.NoError(t, err)
	assert.False(t, noDelay)
}

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	for _, test := range []struct {
		err  listener.Error
		want string
	}{
		{listener.Error{Op: "config", Field: "TLS", Err: cause}, "listener: config: TLS: cause"},
		{listener.Error{Op: "accept", Network: "tcp", Address: "a:1", Err: &net.OpError{Op: "accept", Net: "tcp", Err: cause}},
			"listener: accept tcp a:1: accept tcp: cause"},
	} {
		assert.EqualError(t, &test.err, test.want)
		assert.ErrorIs(t, &test.err, cause)
	}
	e := &listener.Error{Op: "accept", Err: &net.OpError{Op: "accept", Err: syscall.ETIMEDOUT}}
	assert.True(t, e.Timeout())
	assert.True(t, e.Temporary())
}
