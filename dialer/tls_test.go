package dialer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// tlsEcho is an echo server that reports the name each client asked for.
func tlsEcho(t *testing.T, network, address string, config *tls.Config) (addr net.Addr, asked <-chan string) {
	t.Helper()
	names := make(chan string, 16)
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- h.ServerName
		return nil, nil
	}
	l := listen(t, network, address)
	echo(t, tls.NewListener(l, config))
	return l.Addr(), names
}

func TestTLSSendsAndVerifiesTheOriginalName(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	addr, asked := tlsEcho(t, "tcp", "127.0.0.1:0", ca.server(t, "service.test", "127.0.0.1"))
	_, port, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	for _, test := range []struct{ host, serverName, want string }{
		{"service.test", "", "service.test"},
		{"service.test.", "", "service.test"},
		{"SERVICE.test", "", "SERVICE.test"},
		{"127.0.0.1", "", ""}, // no SNI for literals (RFC 6066 section 3), but verified
		{"127.0.0.1", "service.test", "service.test"},
		{"other.test", "service.test", "service.test"},
	} {
		t.Run(test.host+" "+test.serverName, func(t *testing.T) {
			config := ca.client()
			config.ServerName = test.serverName
			d := newDialer(t, &dialer.Config{TLS: config, Resolver: resolver(t, "127.0.0.1")})
			c, err := d.Dial("tcp", net.JoinHostPort(test.host, port))
			require.NoError(t, err)
			defer c.Close()
			require.IsType(t, &tls.Conn{}, c)
			assert.True(t, c.(*tls.Conn).ConnectionState().HandshakeComplete)
			assert.IsType(t, &net.TCPConn{}, c.(*tls.Conn).NetConn())
			assert.Equal(t, test.want, <-asked)
			roundTrip(t, c)
		})
	}
}

func TestTLSToIPv6Literal(t *testing.T) {
	ca := newAuthority(t)
	addr, _ := tlsEcho(t, "tcp6", "[::1]:0", ca.server(t, "::1"))
	c, err := newDialer(t, &dialer.Config{TLS: ca.client()}).Dial("tcp", addr.String())
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

func TestTLSWrongNameAndUnknownAuthority(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	addr, _ := tlsEcho(t, "tcp", "127.0.0.1:0", ca.server(t, "service.test"))
	_, err := newDialer(t, &dialer.Config{TLS: ca.client()}).Dial("tcp", addr.String())
	var certificate *tls.CertificateVerificationError
	require.ErrorAs(t, err, &certificate)
	var host x509.HostnameError
	require.ErrorAs(t, err, &host)
	assert.Equal(t, "127.0.0.1", host.Host)
	assert.Equal(t, "handshake", failure(t, err).Op)
	assert.Equal(t, addr.String(), failure(t, err).Address)

	config := newAuthority(t).client()
	config.ServerName = "service.test"
	_, err = newDialer(t, &dialer.Config{TLS: config}).Dial("tcp", addr.String())
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)
}

func TestTLSOnNetworksWithoutStreams(t *testing.T) {
	d := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()})
	for _, network := range []string{"udp", "udp4", "ip4:icmp", "unixgram", "unixpacket"} {
		c, err := d.Dial(network, "127.0.0.1:1")
		require.ErrorIs(t, err, errors.ErrUnsupported, network)
		assert.Equal(t, "TLS", failure(t, err).Field)
		assert.Nil(t, c)
	}
}

func TestTLSNeedsAName(t *testing.T) {
	d := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()})
	for network, address := range map[string]string{"unix": "/nowhere", "tcp": ":1"} {
		_, err := d.Dial(network, address)
		assert.ErrorContains(t, err, "set ServerName or InsecureSkipVerify")
		assert.Equal(t, "TLS", failure(t, err).Field)
	}
	_, err := d.Dial("tcp", "no-port")
	assert.ErrorContains(t, err, "missing port in address")
	_, err = d.Dial("carrier-pigeon", "no-port")
	assert.ErrorIs(t, err, net.UnknownNetworkError("carrier-pigeon"))
	_, err = d.DialContext(noContext, "tcp", "service.test:1")
	assert.EqualError(t, err, "dialer: dial tcp service.test:1: the context is nil")
}

func TestTLSRefusedConn(t *testing.T) {
	_, err := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()}).Dial("tcp", refusing(t))
	assert.Equal(t, "dial", failure(t, err).Op)
}

func TestSilentServerEndsAtTheTimeout(t *testing.T) {
	silent := listen(t, "tcp", "127.0.0.1:0")
	for _, test := range []struct {
		name   string
		config func(limit time.Duration) dialer.Config
		field  string
	}{
		{"handshake timeout alone", func(limit time.Duration) dialer.Config { return dialer.Config{HandshakeTimeout: limit} }, "HandshakeTimeout"},
		{"timeout", func(limit time.Duration) dialer.Config { return dialer.Config{Timeout: limit} }, "Timeout"},
		{"handshake timeout is shorter", func(limit time.Duration) dialer.Config {
			return dialer.Config{HandshakeTimeout: limit, Timeout: time.Hour}
		}, "HandshakeTimeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			client := newAuthority(t).client()
			withMoreTime(t, 200*time.Millisecond, 10*time.Second, func(limit time.Duration) (bool, any) {
				config := test.config(limit)
				config.TLS = client
				c, err := newDialer(t, &config).Dial("tcp", silent.Addr().String())
				assert.Nil(t, c)
				e := failure(t, err)
				assert.True(t, e.Timeout())
				if e.Op == "dial" { // the time was over before the handshake
					return false, err
				}
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, "handshake", e.Op)
				assert.Equal(t, test.field, e.Field)
				assert.Equal(t, limit.String(), e.Value)
				return true, nil
			})
		})
	}
}

func TestContextEndsTheHandshake(t *testing.T) {
	noLeak(t)
	silent := listen(t, "tcp", "127.0.0.1:0")
	d := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()})
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, cancel)
	defer timer.Stop()
	c, err := d.DialContext(ctx, "tcp", silent.Addr().String())
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, c)
	assert.Empty(t, failure(t, err).Field)
	assert.False(t, failure(t, err).Timeout())
}

func TestServerThatHangsUpDuringTheHandshake(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	_, err := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()}).Dial("tcp", l.Addr().String())
	e := failure(t, err)
	assert.Equal(t, "handshake", e.Op)
	assert.False(t, e.Timeout())
}
