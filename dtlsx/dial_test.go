package dtlsx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

func TestDial(t *testing.T) {
	noLeak(t)
	c, s := certified(t)
	_, err := c.Write([]byte("ping"))
	require.NoError(t, err)
	b := make([]byte, 100)
	n, err := s.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "ping", string(b[:n]))
	_, err = s.Write([]byte("pong"))
	require.NoError(t, err)
	n, err = c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "pong", string(b[:n]))

	state := c.ConnectionState()
	assert.Equal(t, "127.0.0.1", state.ServerName)
	assert.Equal(t, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", dtlsx.CipherSuiteName(state.CipherSuite))
	assert.Equal(t, tls.X25519, state.Curve)
	assert.Len(t, state.VerifiedChains, 1)
	assert.NotEmpty(t, state.PeerCertificates)
	assert.False(t, state.Resumed)
	assert.Equal(t, tls.X25519, s.ConnectionState().Curve)

	require.NoError(t, s.Close())
	_, err = c.Read(b)
	assert.Equal(t, io.EOF, err)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close(), "again")
	_, err = c.Read(b)
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = c.Write(b)
	require.ErrorIs(t, err, net.ErrClosed)
}

// A closed port is told at once by the connected socket.
func TestDialClosedPort(t *testing.T) {
	noLeak(t)
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS(), HandshakeTimeout: time.Minute}})
	require.NoError(t, err)
	start := time.Now()
	_, err = d.Dial("udp", quietAddr(t))
	require.Error(t, err)
	if runtime.GOOS != "windows" { // which has other numbers
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
	assert.Less(t, time.Since(start), 30*time.Second)
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	assert.False(t, e.Timeout())
	t.Log(err)
}

// A peer that says nothing holds a dial no longer than its time.
func TestDialSilence(t *testing.T) {
	silence, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer silence.Close()
	address := silence.LocalAddr().String()
	for name, test := range map[string]struct {
		cfg   dtlsx.DialConfig
		limit time.Duration // of the context
		field string
	}{
		"HandshakeTimeout": {cfg: dtlsx.DialConfig{Config: dtlsx.Config{HandshakeTimeout: 50 * time.Millisecond}}, field: "HandshakeTimeout"},
		"Timeout":          {cfg: dtlsx.DialConfig{Timeout: 50 * time.Millisecond}},
		"context":          {limit: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			test.cfg.TLS = clientTLS()
			d, err := dtlsx.NewDialer(&test.cfg)
			require.NoError(t, err)
			ctx := t.Context()
			if test.limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.limit)
				defer cancel()
			}
			_, err = d.DialContext(ctx, "udp", address)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var n net.Error
			require.ErrorAs(t, err, &n)
			assert.True(t, n.Timeout())
			assert.Contains(t, err.Error(), test.field)
			t.Log(err)
		})
	}
}

func TestDialCancel(t *testing.T) {
	noLeak(t)
	silence, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer silence.Close()
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}})
	require.NoError(t, err)
	why := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err = d.DialContext(ctx, "udp", silence.LocalAddr().String())
	require.ErrorIs(t, err, why)

	ctx, cancel = context.WithCancelCause(t.Context())
	go func() {
		silence.ReadFrom(make([]byte, 100))
		cancel(why)
	}()
	_, err = d.DialContext(ctx, "udp", silence.LocalAddr().String())
	require.ErrorIs(t, err, why)
}

func TestDeadlines(t *testing.T) {
	noLeak(t)
	c, _ := certified(t)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err := c.Read(make([]byte, 10))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
	_, err = c.Write(make([]byte, 10))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetDeadline(time.Time{}))
	_, err = c.Write(make([]byte, 10))
	require.NoError(t, err)
}

// Without a host there is no name that the certificate must have: any would do.
func TestDialWithoutName(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	dial := func(change func(*tls.Config)) (net.Conn, error) {
		config := clientTLS()
		change(config)
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: config}})
		require.NoError(t, err)
		return d.DialContext(t.Context(), "udp4", ":"+port)
	}
	for _, name := range []string{"", "."} { // the dot at the end is no part of a name
		_, err = dial(func(c *tls.Config) { c.ServerName = name })
		assert.EqualError(t, err, "dtlsx: dial udp4 :"+port+": the address has no host: set TLS.ServerName or TLS.InsecureSkipVerify")
	}
	for _, change := range []func(*tls.Config){
		func(c *tls.Config) { c.ServerName = "localhost" },
		func(c *tls.Config) { c.InsecureSkipVerify = true },
	} {
		c, err := dial(change)
		require.NoError(t, err)
		require.NoError(t, accept(t, l).Close())
		require.NoError(t, c.Close())
	}
}
