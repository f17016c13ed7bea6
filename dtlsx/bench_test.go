package dtlsx_test

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A bareLink is a connected socket for the library alone.
type bareLink struct{ *net.UDPConn }

func (l bareLink) WriteTo(b []byte, _ net.Addr) (int, error) { return l.Write(b) }

// pionPeer is a server of the library alone that answers nobody.
func pionPeer(b *testing.B, cert tls.Certificate) net.Listener {
	b.Helper()
	l, err := dtls.ListenWithOptions("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, dtls.WithCertificates(cert),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret))
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	return l
}

func dialBare(b *testing.B, address string, c *tls.Config) net.Conn {
	b.Helper()
	raw, err := net.Dial("udp4", address)
	require.NoError(b, err)
	conn, err := dtls.ClientWithOptions(bareLink{raw.(*net.UDPConn)}, raw.RemoteAddr(), dtls.WithRootCAs(c.RootCAs), dtls.WithServerName("127.0.0.1"))
	require.NoError(b, err)
	require.NoError(b, conn.Handshake())
	return conn
}

func dialOurs(b *testing.B, address string, c *tls.Config) net.Conn {
	b.Helper()
	d, ok := ours[c]
	if !ok {
		var err error
		d, err = dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: c}})
		require.NoError(b, err)
		ours[c] = d
	}
	conn, err := d.Dial("udp4", address)
	require.NoError(b, err)
	return conn
}

var ours = make(map[*tls.Config]dtlsx.Dialer)

var dialers = map[string]func(*testing.B, string, *tls.Config) net.Conn{"bare": dialBare, "ours": dialOurs}

func benchTLS(b *testing.B) (tls.Certificate, *tls.Config) {
	b.Helper()
	c, err := authority().Issue(benchLeaf)
	require.NoError(b, err)
	return c.TLS(), clientTLS()
}

// BenchmarkEcho sends a record and waits for it to come back, 32 on the way.
func BenchmarkEcho(b *testing.B) {
	cert, config := benchTLS(b)
	for name, dial := range dialers {
		b.Run(name, func(b *testing.B) {
			l := pionPeer(b, cert)
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				buffer := make([]byte, 8192)
				for {
					n, err := c.Read(buffer)
					if err != nil {
						return
					}
					c.Write(buffer[:n])
				}
			}()
			c := dial(b, l.Addr().String(), config)
			defer c.Close()
			out, in := make([]byte, 1000), make([]byte, 8192)
			b.SetBytes(1000)
			b.ReportAllocs()
			for range 32 {
				c.Write(out)
			}
			c.SetReadDeadline(time.Now().Add(time.Minute)) // a record that is lost must not hold the benchmark
			b.ResetTimer()
			for range b.N {
				if _, err := c.Read(in); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Write(out); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
		})
	}
}

// BenchmarkHandshake dials and closes.
func BenchmarkHandshake(b *testing.B) {
	cert, config := benchTLS(b)
	for name, dial := range dialers {
		b.Run(name, func(b *testing.B) {
			l := pionPeer(b, cert)
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						c.Read(make([]byte, 10))
						c.Close()
					}()
				}
			}()
			b.ReportAllocs()
			for b.Loop() {
				dial(b, l.Addr().String(), config).Close()
			}
		})
	}
}

var benchLeaf = &pki.Leaf{Names: []string{"127.0.0.1"}}
