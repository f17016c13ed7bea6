package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// dtlsFront is a dtls listener with further keys in front of an upstream.
func dtlsFront(upstream, keys string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, %s}]
listeners:
  - {name: dtls, address: "127.0.0.1:0", protocol: dtls, routes: [{upstream: up}], %s}
`, upstream, keys)
}

// dialDTLS shakes hands with the listener.
func dialDTLS(t *testing.T, g *local, cfg *dtlsx.DialConfig) (*dtlsx.Conn, error) {
	t.Helper()
	d, err := dtlsx.NewDialer(cfg)
	require.NoError(t, err)
	c, err := d.DialContext(t.Context(), "udp", g.address("dtls"))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c.(*dtlsx.Conn), nil
}

// trusting is what a client of the self-signed listener has.
func trusting(g *local) *dtlsx.DialConfig {
	return &dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{RootCAs: g.roots()}}}
}

// Each conn has its own session with the upstream, and each record is a datagram.
func TestDTLSRecords(t *testing.T) {
	settled(t)
	up := namesPeers(t)
	g := start(t, dtlsFront("address: \"udp://"+up.LocalAddr().String()+"\"", "self_signed: [localhost, 127.0.0.1]"), nil)
	a, err := dialDTLS(t, g, trusting(g))
	require.NoError(t, err)
	b, err := dialDTLS(t, g, trusting(g))
	require.NoError(t, err)
	assert.NotEqual(t, whoAmI(t, a), whoAmI(t, b))
	first := whoAmI(t, a)
	assert.Equal(t, first, whoAmI(t, a))
	echo := start(t, dtlsFront("echo: udp", "self_signed: [localhost, 127.0.0.1]"), nil)
	c, err := dialDTLS(t, echo, trusting(echo))
	require.NoError(t, err)
	for _, n := range []int{1, 1200, dtlsx.MaxPayload} {
		want := strings.Repeat("r", n)
		require.NoError(t, swap(c, want, want), n)
	}
	require.NoError(t, c.Close())
	echo.log.eventually(t, `sent="3 datagrams,`)
}

// Clients with a key from the file get in, without any certificate.
func TestDTLSKeys(t *testing.T) {
	settled(t)
	file := filepath.Join(t.TempDir(), "psk")
	require.NoError(t, os.WriteFile(file, []byte("alice:00112233445566778899aabbccddeeff\nbob:ff\n"), 0o600))
	g := start(t, dtlsFront("echo: udp", fmt.Sprintf("dtls: {psk: {file: %q}, psk_hint: gateway}", file)), nil)
	with := func(timeout time.Duration, identity string, key ...byte) error {
		c, err := dialDTLS(t, g, &dtlsx.DialConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{
			Identity: []byte(identity), Key: func([]byte) ([]byte, error) { return key, nil },
		}}, Timeout: timeout})
		if err != nil {
			return err
		}
		return swap(c, "x", "x")
	}
	require.NoError(t, with(patience, "bob", 0xff))
	require.Error(t, with(2*time.Second, "bob", 0xfe))
	require.Error(t, with(2*time.Second, "carol", 0xff))
}

// Certificates of clients are verified, and a new certificate of the listener is
// taken while it runs.
func TestDTLSCertificates(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), ca.PEM(), 0o600))
	issue := func() *pki.Certificate {
		c, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
		require.NoError(t, err)
		return c
	}
	cert, key, err := issue().Write(dir, "server")
	require.NoError(t, err)
	g := start(t, dtlsFront("echo: udp", fmt.Sprintf(
		"tls: {certificates: [{chain: {file: %q}, key: {file: %q}}], client_auth: require_and_verify, client_cas: {from: [{file: %q}]}}", cert, key, filepath.Join(dir, "ca.pem"))), nil)
	mine := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{
		RootCAs: ca.Pool(), Certificates: []tls.Certificate{issue().TLS()},
	}}}
	c, err := dialDTLS(t, g, mine)
	require.NoError(t, err)
	require.NoError(t, swap(c, "x", "x"))
	first := c.ConnectionState().PeerCertificates[0].SerialNumber
	_, err = dialDTLS(t, g, &dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{RootCAs: ca.Pool()}}, Timeout: 2 * time.Second})
	require.Error(t, err)
	_, _, err = issue().Write(dir, "server")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		again, err := dialDTLS(t, g, mine)
		return err == nil && again.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(first) != 0
	}, patience, 10*time.Millisecond)
	require.NoError(t, swap(c, "y", "y"), "the conn of before stays")
}

// The CAs that clients are verified with are those of the moment.
func TestDTLSClientCAs(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "ca.pem")
	var cas [2]*pki.CA
	var clients [2]*dtlsx.DialConfig
	for i := range cas {
		var err error
		cas[i], err = pki.New(nil)
		require.NoError(t, err)
		leaf, err := cas[i].Issue(&pki.Leaf{Names: []string{"client"}})
		require.NoError(t, err)
		clients[i] = &dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}}}
	}
	require.NoError(t, os.WriteFile(file, cas[0].PEM(), 0o600))
	for _, auth := range []string{"require_and_verify", "verify_if_given"} {
		t.Run(auth, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, cas[0].PEM(), 0o600))
			g := start(t, dtlsFront("echo: udp", fmt.Sprintf(
				"self_signed: [localhost, 127.0.0.1], tls: {client_auth: %s, client_cas: {from: [{file: %q}]}}", auth, file)), nil)
			come := func(i int) error {
				clients[i].TLS.RootCAs = g.CA().Pool()
				c, err := dialDTLS(t, g, clients[i])
				if err != nil {
					return err
				}
				return errors.Join(swap(c, "x", "x"), c.Close())
			}
			require.NoError(t, come(0))
			require.Error(t, come(1))
			require.NoError(t, os.WriteFile(file, cas[1].PEM(), 0o600))
			require.Eventually(t, func() bool { return come(1) == nil }, patience, 10*time.Millisecond)
			require.Error(t, come(0))
			if auth == "verify_if_given" {
				c, err := dialDTLS(t, g, trusting(g))
				require.NoError(t, err)
				require.NoError(t, swap(c, "x", "x"))
			}
		})
	}
}

// A conn on which nothing moves, and one that is too old, end.
func TestDTLSBounds(t *testing.T) {
	for _, key := range []string{"idle_timeout", "max_session"} {
		t.Run(key, func(t *testing.T) {
			settled(t)
			g := start(t, dtlsFront("echo: udp", "self_signed: [localhost, 127.0.0.1], "+key+": 2s"), nil)
			c, err := dialDTLS(t, g, trusting(g))
			require.NoError(t, err)
			require.NoError(t, swap(c, "x", "x"))
			_, err = c.Read(make([]byte, 1))
			require.Error(t, err)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		})
	}
}

func TestDTLSDenied(t *testing.T) {
	settled(t)
	g := start(t, dtlsFront("echo: udp", "self_signed: [localhost, 127.0.0.1], deny: [127.0.0.9]"), nil)
	cfg := trusting(g)
	cfg.LocalAddr, cfg.Timeout = "127.0.0.9", 500*time.Millisecond
	_, err := dialDTLS(t, g, cfg)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), err)
	cfg.LocalAddr, cfg.Timeout = "127.0.0.1", patience
	c, err := dialDTLS(t, g, cfg)
	require.NoError(t, err)
	require.NoError(t, swap(c, "x", "x"))
}
