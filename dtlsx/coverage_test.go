package dtlsx_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// TestIdleError is what a Read of an idle conn unwraps to.
func TestIdleError(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{IdleTimeout: 2 * time.Second})
	_, s := connect(t, l)
	_, err := s.Read(make([]byte, 10))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.ErrorContains(t, err, "IdleTimeout=2s: there was no traffic")
	var e net.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
	assert.False(t, e.Temporary()) //nolint:staticcheck // the interface has it
	assert.True(t, (&dtlsx.Error{Err: syscall.EINTR}).Temporary())
	assert.False(t, (&dtlsx.Error{Err: errors.New("a cause")}).Temporary())
}

// TestLinkDeadlines: the library sets none but those that are over.
func TestLinkDeadlines(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c, s := connect(t, l)
	link := dtlsx.Link(s)
	assert.ErrorIs(t, link.SetDeadline(time.Now().Add(time.Hour)), os.ErrNoDeadline)
	assert.NoError(t, link.SetWriteDeadline(time.Now()))
	assert.NoError(t, link.SetDeadline(time.Time{}))
	talk(t, c, s, "hello")
	_, err := link.WriteTo([]byte("x"), &net.UnixAddr{Name: "x"})
	assert.ErrorContains(t, err, "not an address of UDP")
	_, err = s.SyscallConn()
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, s.Close())
	assert.ErrorIs(t, link.Close(), net.ErrClosed)
	_, _, err = link.ReadFrom(make([]byte, 10))
	assert.ErrorIs(t, err, net.ErrClosed)
}

// TestBadCertificates are told by their place in the list.
func TestBadCertificates(t *testing.T) {
	good := serverTLS(t).Certificates[0]
	for want, c := range map[string]tls.Certificate{
		"has no certificate": {},
		"x509":               {Certificate: [][]byte{{1, 2, 3}}, PrivateKey: good.PrivateKey},
		"cannot sign":        {Certificate: good.Certificate},
	} {
		err := dtlsx.CheckConfig(&dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{good, c}}}, false)
		var e *dtlsx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "TLS.Certificates[1]", e.Field)
		assert.ErrorContains(t, err, want)
	}
	err := dtlsx.CheckConfig(&dtlsx.Config{TLS: &tls.Config{}}, false)
	assert.ErrorContains(t, err, "a server needs Certificates")
	err = dtlsx.CheckConfig(&dtlsx.Config{TLS: &tls.Config{ClientAuth: tls.RequireAnyClientCert}, PSK: &dtlsx.PSK{Key: secret}}, false)
	assert.ErrorContains(t, err, "TLS.ClientAuth=RequireAnyClientCert")
}
