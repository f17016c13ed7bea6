package netspec_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestTLS(t *testing.T) {
	spectest.NoLeak(t)
	server, client := sides(t)
	l := listen(t, &specv1.ListenConfig{
		Address: new("127.0.0.1:0"), Tls: server, HandshakeTimeout: seconds(10), MaxHandshakes: new(int32(4)),
	})
	require.IsNotType(t, (*netspec.Listener)(nil), l, "there is nothing to end")
	d := newDialer(t, &specv1.DialConfig{Tls: client, HandshakeTimeout: seconds(10)})
	a, b := pair(t, d, l)
	roundTrip(t, a, b)
	assert.Equal(t, uint16(tls.VersionTLS13), a.(*tls.Conn).ConnectionState().Version)
	assert.Equal(t, "server.test", b.(*tls.Conn).ConnectionState().ServerName)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	require.NoError(t, l.Close())
}

// renewed writes a certificate in the place of another.
func renewed(t *testing.T, ca *pki.CA, folder string) *pki.Certificate {
	t.Helper()
	c, err := ca.Issue(&pki.Leaf{Names: []string{"server.test"}})
	require.NoError(t, err)
	for name, data := range map[string][]byte{"chain.pem": c.ChainPEM(), "key.pem": c.KeyPEM()} {
		temp := filepath.Join(folder, "."+name)
		require.NoError(t, os.WriteFile(temp, data, 0o600))
		require.NoError(t, os.Rename(temp, filepath.Join(folder, name)))
	}
	return c
}

// A listener follows its files until Close, or Shutdown.
func TestListen_Reload(t *testing.T) {
	spectest.NoLeak(t)
	ca, err := pki.New(nil)
	require.NoError(t, err)
	folder := t.TempDir()
	message := func() *specv1.ListenConfig {
		return &specv1.ListenConfig{Address: new("127.0.0.1:0"), Track: new(true), Tls: &specv1.TLSConfig{
			Certificates: []*specv1.CertKeyPair{{Chain: file(filepath.Join(folder, "chain.pem")), Key: file(filepath.Join(folder, "key.pem"))}},
			Reload:       &specv1.TLSConfig_Reload{Interval: seconds(1)},
		}}
	}
	d := newDialer(t, &specv1.DialConfig{Tls: &specv1.TLSConfig{
		Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(ca.PEM())}}, ServerName: new("server.test"),
	}})
	renewed(t, ca, folder)
	l := listen(t, message())
	require.IsType(t, (*netspec.Listener)(nil), l)
	serial := func() string {
		a, b := pair(t, d, l)
		defer a.Close()
		defer b.Close()
		return a.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	renewed(t, ca, folder)
	for end := time.Now().Add(20 * time.Second); serial() == first; time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "the new certificate is never presented")
	}
	_, reason := listener.Multipath(l.(*netspec.Listener).Listener)
	assert.NotErrorIs(t, reason, net.ErrClosed)
	spectest.Watching(t, true)
	require.NoError(t, l.Close())
	spectest.Watching(t, false)
	require.ErrorIs(t, l.Close(), net.ErrClosed)

	again := listen(t, message())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	spectest.Watching(t, true)
	require.NoError(t, again.Shutdown(ctx))
	spectest.Watching(t, false)
}

// What cannot be opened leaves nothing behind, files that are followed included.
func TestListen_Fails(t *testing.T) {
	spectest.NoLeak(t)
	ca, err := pki.New(nil)
	require.NoError(t, err)
	folder := t.TempDir()
	renewed(t, ca, folder)
	taken := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0")})
	m := &specv1.ListenConfig{
		Addresses: []string{"127.0.0.1:0", taken.Addr().String()},
		Tls: &specv1.TLSConfig{
			Certificates: []*specv1.CertKeyPair{{Chain: file(filepath.Join(folder, "chain.pem")), Key: file(filepath.Join(folder, "key.pem"))}},
			Reload:       &specv1.TLSConfig_Reload{},
		},
	}
	_, err = netspec.NewListenerFromSpec(m)
	spectest.Watching(t, false)
	var e *listener.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, taken.Addr().String(), e.Address)

	m.MaxConns = new(int32(-1))
	_, err = netspec.ListenConfig(t.Context(), m)
	spectest.Watching(t, false)
	require.ErrorContains(t, err, "max_conns")
	require.NoError(t, taken.Close())
}

func TestUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files of sockets have no modes, and wine has no unix sockets")
	}
	spectest.NoLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, &specv1.ListenConfig{
		Address: new("unix://" + path), UnixMode: new("0640"),
		UnixOwner: &specv1.ListenConfig_UnixOwner{Uid: new(int64(os.Getuid()))},
	})
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
	client, server := pair(t, newDialer(t, &specv1.DialConfig{KeepAlive: &specv1.KeepAliveConfig{Enable: new(false)}}), l)
	roundTrip(t, client, server)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
	_, err = os.Stat(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// The dialer's header is what the listener reads.
func TestProxyProtocol(t *testing.T) {
	spectest.NoLeak(t)
	for version := int32(1); version <= 2; version++ {
		l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0"), ProxyProtocol: &specv1.ListenConfig_ProxyProtocol{
			Trusted: []string{"127.0.0.0/8"}, HeaderTimeout: seconds(10),
		}})
		d := newDialer(t, &specv1.DialConfig{ProxyProtocol: &version})
		conn := dialAnnounced(t, d, l, "192.0.2.7:4000")
		accepted, err := l.Accept()
		require.NoError(t, err)
		assert.Equal(t, "192.0.2.7:4000", accepted.RemoteAddr().String())
		require.NoError(t, conn.Close())
		require.NoError(t, accepted.Close())
		require.NoError(t, l.Close())
	}
}

func dialAnnounced(t *testing.T, d dialer.Dialer, l net.Listener, source string) net.Conn {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", source)
	require.NoError(t, err)
	ctx := dialer.WithProxyHeader(t.Context(), dialer.ProxyHeader{Source: addr, Destination: l.Addr()})
	conn, err := d.DialContext(ctx, "tcp", l.Addr().String())
	require.NoError(t, err)
	return conn
}

// Rules and limits refuse.
func TestLimits(t *testing.T) {
	spectest.NoLeak(t)
	limited := listen(t, &specv1.ListenConfig{
		Address: new("127.0.0.1:0"), MaxConns: new(int32(1)), OverLimit: specv1.ListenConfig_refuse.Enum(),
	})
	denied := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0"), Deny: []string{"127.0.0.0/8"}})
	d := newDialer(t, nil)
	client, server := pair(t, d, limited)
	roundTrip(t, client, server)
	for _, l := range []listener.Listener{limited, denied} {
		go func() {
			if c, err := l.Accept(); err == nil {
				c.Close()
			}
		}()
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err == nil { // the reset may come later
			require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
			_, err = c.Read(make([]byte, 1))
			require.NoError(t, c.Close())
		}
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, limited.Close())
	require.NoError(t, denied.Close())
}

func TestIdleTimeout(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0"), IdleTimeout: millis(50)})
	client, server := pair(t, newDialer(t, nil), l)
	_, err := server.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
}

func TestPacketConn(t *testing.T) {
	spectest.NoLeak(t)
	m := &specv1.PacketConnConfig{Address: new("udp4://127.0.0.1:0"), Options: values(t, map[string]any{"IP_TTL": 33})}
	if runtime.GOOS == "linux" {
		m.Destination = new(true)
	}
	conn, err := netspec.NewPacketConnFromSpec(m)
	require.NoError(t, err)
	verify(t, conn, sockopt.IPTTL.Value(33))
	sender := newDialer(t, nil)
	client, err := sender.DialContext(t.Context(), "udp4", conn.LocalAddr().String())
	require.NoError(t, err)
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 10)
	n, info, err := listener.ReadPacket(conn, buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	if runtime.GOOS == "linux" {
		assert.Equal(t, "127.0.0.1", info.Local.String())
	}
	require.NoError(t, client.Close())
	require.NoError(t, conn.Close())
}

func TestUDPListener(t *testing.T) {
	spectest.NoLeak(t)
	l, err := netspec.NewUDPListenerFromSpec(&specv1.UDPSessionConfig{
		Address: new("127.0.0.1:0"), MaxSessions: new(int32(1)), IdleTimeout: seconds(60),
	})
	require.NoError(t, err)
	client, err := newDialer(t, nil).DialContext(t.Context(), "udp", l.Addr().String())
	require.NoError(t, err)
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	server, err := l.Accept()
	require.NoError(t, err)
	buf := make([]byte, 10)
	n, err := server.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
}

// A mapper's context has no say over what does not follow files.
func TestMapperOpensNothing(t *testing.T) {
	spectest.NoLeak(t)
	l := listen(t, &specv1.ListenConfig{Address: new("127.0.0.1:0")})
	cfg, err := netspec.ListenConfig(t.Context(), &specv1.ListenConfig{Addresses: []string{l.Addr().String(), "systemd://web", "fd://9999"}})
	require.NoError(t, err)
	_, err = listener.New(t.Context(), cfg)
	require.Error(t, err)
	require.NotErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, l.Close())
}
