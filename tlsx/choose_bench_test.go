package tlsx_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// thousand certificates, each for a name.
func thousand(t testing.TB) ([]tlsx.Certificate, []tls.Certificate) {
	t.Helper()
	ca := authority(t)
	var ours []tlsx.Certificate
	var list []tls.Certificate
	for i := range 1000 {
		c := named(t, ca, "c", fmt.Sprintf("host-%d.example.com", i))
		ours, list = append(ours, c), append(list, *c.Value)
	}
	return ours, list
}

// Finding one of many costs no memory, and so parses nothing.
func TestChooseAllocates(t *testing.T) {
	list, _ := thousand(t)
	cfg, err := tlsx.New(&tlsx.Config{Certificates: append(list[:100:100], named(t, authority(t), "wild", "*.wild.example"))})
	require.NoError(t, err)
	for _, name := range []string{"host-99.example.com", "a.wild.example", "unknown.example", ""} {
		hello := &tls.ClientHelloInfo{ServerName: name}
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			if cert, err := cfg.GetCertificate(hello); err != nil || cert == nil {
				t.Error("none")
			}
		}), name)
	}
}

// BenchmarkHandshake compares the choice among 1,000 names with crypto/tls's
// list and with a single certificate.
func BenchmarkHandshake(b *testing.B) {
	ours, list := thousand(b)
	chosen, err := tlsx.New(&tlsx.Config{Certificates: ours})
	require.NoError(b, err)
	single, err := tlsx.New(&tlsx.Config{Certificates: ours[999:]})
	require.NoError(b, err)
	for _, c := range []struct {
		name   string
		config *tls.Config
	}{
		{"tlsx-1000", chosen},
		{"tlsx-1", single},
		{"list-1000", &tls.Config{Certificates: list}},
		{"list-1", &tls.Config{Certificates: list[999:]}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				handshake(b, c.config, &tls.Config{ServerName: "host-999.example.com", InsecureSkipVerify: true})
			}
		})
	}
}

func handshake(b *testing.B, server, client *tls.Config) {
	b.Helper()
	left, right := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(left, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte{0})
		}
		done <- err
	}()
	c := tls.Client(right, client)
	_, err := io.ReadFull(c, make([]byte, 1))
	require.NoError(b, err)
	require.NoError(b, <-done)
	left.Close()
	right.Close()
}

// BenchmarkExchange compares key exchanges, and resumption with full handshakes.
func BenchmarkExchange(b *testing.B) {
	ca := authority(b)
	server, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{named(b, ca, "c", "example.com")}})
	require.NoError(b, err)
	for _, c := range []struct {
		name    string
		client  *tls.Config
		resumes bool
	}{
		{name: "X25519MLKEM768"},
		{name: "SecP256r1MLKEM768", client: &tls.Config{CurvePreferences: []tls.CurveID{tls.SecP256r1MLKEM768}}},
		{name: "SecP384r1MLKEM1024", client: &tls.Config{CurvePreferences: []tls.CurveID{tls.SecP384r1MLKEM1024}}},
		{name: "x25519", client: &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}},
		{name: "secp256r1", client: &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}}},
		{name: "secp384r1", client: &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}}},
		{name: "TLS 1.2", client: &tls.Config{MaxVersion: tls.VersionTLS12}},
		{name: "resumed", resumes: true},
		{name: "resumed TLS 1.2", client: &tls.Config{MaxVersion: tls.VersionTLS12}, resumes: true},
	} {
		b.Run(c.name, func(b *testing.B) {
			client := &tls.Config{}
			if c.client != nil {
				client = c.client.Clone()
			}
			client.ServerName, client.RootCAs = "example.com", ca.Pool()
			if c.resumes {
				client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				handshake(b, server, client)
			}
			for b.Loop() {
				handshake(b, server, client)
			}
		})
	}
}

// BenchmarkNew compares New with the config that somebody would write by hand.
func BenchmarkNew(b *testing.B) {
	loaded := named(b, authority(b), "c", "example.com")
	for name, cfg := range map[string]*tlsx.Config{
		"zero":         nil,
		"intermediate": {Preset: tlsx.Intermediate, ServerName: "example.com", ALPN: []string{"h2", "http/1.1"}},
		"value":        {Certificates: []tlsx.Certificate{loaded}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tlsx.New(cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			kept = &tls.Config{
				ServerName:       "example.com",
				MinVersion:       tls.VersionTLS12,
				NextProtos:       []string{"h2", "http/1.1"},
				CipherSuites:     []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
				CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384},
			}
		}
	})
}

var kept *tls.Config
