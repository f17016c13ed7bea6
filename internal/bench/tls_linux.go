package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// tlsCases make configs and shake hands.
func tlsCases() []Case {
	return slices.Concat(configCases(), handshakeCases(), choiceCases())
}

// configCases make a config for a client, without files.
func configCases() []Case {
	return []Case{{
		Name:  "config for TLS without files",
		Batch: 1000,
		Ways: []Way{
			configWay("by hand", func() (*tls.Config, error) {
				return &tls.Config{
					MinVersion: tls.VersionTLS12, ServerName: "localhost", NextProtos: []string{"h2", "http/1.1"},
					ClientSessionCache: tls.NewLRUClientSessionCache(64),
				}, nil
			}),
			configWay("tlsx.New", func() (*tls.Config, error) {
				return tlsx.New(&tlsx.Config{ServerName: "localhost", ALPN: []string{"h2", "http/1.1"}})
			}),
			configWay("by hand, with a copy of the system's CAs", func() (*tls.Config, error) {
				roots, err := x509.SystemCertPool()
				return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "localhost"}, err
			}),
		},
	}}
}

func configWay(name string, build func() (*tls.Config, error)) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		return &Run{Close: func() {}, Do: func() error {
			for range n {
				if _, err := build(); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}}
}

// sides are the two that shake hands.
type sides struct{ server, client *tls.Config }

// tlsByHand are the two as people write them.
func tlsByHand(cert tls.Certificate, roots *x509.CertPool) sides {
	return sides{
		server: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		client: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "localhost"},
	}
}

// localhost is a CA with one certificate for localhost.
func localhost() (ca *pki.CA, leaf *pki.Certificate, err error) {
	if ca, err = pki.New(nil); err == nil {
		leaf, err = ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	}
	return ca, leaf, err
}

// ours is the same sides made by tlsx.
func tlsByUs(ca *pki.CA, leaf *pki.Certificate, sessions int) (p sides, err error) {
	p.server, err = tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{{
		Chain: tlsx.Text(string(leaf.ChainPEM())), Key: tlsx.Text(string(leaf.KeyPEM())),
	}}})
	if err != nil {
		return p, err
	}
	p.client, err = tlsx.New(&tlsx.Config{
		Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}, ServerName: "localhost", Sessions: sessions,
	})
	return p, err
}

// handshakeCases shake hands over loopback, ECDSA P-256: full ones by hand and
// by tlsx, resumed ones the same, and what each key exchange costs.
func handshakeCases() []Case {
	hand := func(change func(*sides)) func() (sides, error) {
		return func() (sides, error) {
			ca, leaf, err := localhost()
			if err != nil {
				return sides{}, err
			}
			p := tlsByHand(leaf.TLS(), ca.Pool())
			change(&p)
			return p, nil
		}
	}
	strata := func(sessions int) func() (sides, error) {
		return func() (sides, error) {
			ca, leaf, err := localhost()
			if err != nil {
				return sides{}, err
			}
			return tlsByUs(ca, leaf, sessions)
		}
	}
	curve := func(id tls.CurveID) func() (sides, error) {
		return hand(func(p *sides) { p.client.CurvePreferences = []tls.CurveID{id} })
	}
	resume := func(version uint16) func() (sides, error) {
		return hand(func(p *sides) {
			p.client.ClientSessionCache = tls.NewLRUClientSessionCache(64)
			p.client.MaxVersion = version
		})
	}
	return []Case{
		{Name: "TLS handshake, full", Batch: 50, Ways: []Way{
			handshakeWay("crypto/tls", hand(func(*sides) {})),
			handshakeWay("tlsx", strata(-1)),
		}},
		{Name: "TLS handshake, resumed", Batch: 50, Ways: []Way{
			handshakeWay("crypto/tls", resume(0)),
			handshakeWay("tlsx", strata(0)),
		}},
		{Name: "TLS handshake by key exchange and resumption", Batch: 50, Ways: []Way{
			handshakeWay("X25519MLKEM768, Go's default", curve(tls.X25519MLKEM768)),
			handshakeWay("SecP256r1MLKEM768", curve(tls.SecP256r1MLKEM768)),
			handshakeWay("X25519", curve(tls.X25519)),
			handshakeWay("P-256", curve(tls.CurveP256)),
			handshakeWay("P-384", curve(tls.CurveP384)),
			handshakeWay("resumed, TLS 1.3", resume(0)),
			handshakeWay("resumed, TLS 1.2", resume(tls.VersionTLS12)),
		}},
	}
}

// handshakeWay measures both sides together: dial, handshake, one byte back, so
// that tickets arrive.
func handshakeWay(name string, build func() (sides, error)) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		p, err := build()
		if err != nil {
			return nil, err
		}
		l, err := listen()
		if err != nil {
			return nil, err
		}
		done := serveHandshakes(l, p.server)
		stop := func() {
			l.Close()
			<-done
		}
		// The first one has no session to resume.
		if err := shakeHands(l.Addr(), p.client); err != nil {
			stop()
			return nil, err
		}
		return &Run{Close: stop, Do: func() error {
			for range n {
				if err := shakeHands(l.Addr(), p.client); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}}
}

// serveHandshakes answers each conn with a byte, until the listener is closed.
func serveHandshakes(l net.Listener, config *tls.Config) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := tls.Server(raw, config)
			_, _ = c.Write([]byte{1}) // the client says what failed
			c.Close()
		}
	}()
	return done
}

// shakeHands does one handshake.
func shakeHands(addr net.Addr, config *tls.Config) error {
	d := tls.Dialer{Config: config}
	c, err := d.DialContext(context.Background(), addr.Network(), addr.String())
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}

// choiceCases shake hands with a server of 1,000 certificates, of which the
// client asks for the last one.
func choiceCases() []Case {
	const names = 1000
	last := fmt.Sprintf("host%d.example", names-1)
	among := func(serve func([]tls.Certificate) (*tls.Config, error)) func() (sides, error) {
		return func() (sides, error) {
			ca, certs, err := many(names)
			if err != nil {
				return sides{}, err
			}
			server, err := serve(certs)
			return sides{server, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.Pool(), ServerName: last}}, err
		}
	}
	return []Case{{
		Name: "TLS handshake, 1000 certificates", Batch: 20, Rounds: 100, Ways: []Way{
			handshakeWay("one certificate", among(func(certs []tls.Certificate) (*tls.Config, error) {
				return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: certs[names-1:]}, nil
			})),
			handshakeWay("tls.Config.Certificates", among(func(certs []tls.Certificate) (*tls.Config, error) {
				return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: certs}, nil
			})),
			handshakeWay("the same, leaves not parsed", among(func(certs []tls.Certificate) (*tls.Config, error) {
				certs = slices.Clone(certs)
				for i := range certs {
					certs[i].Leaf = nil
				}
				return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: certs}, nil
			})),
			handshakeWay("tlsx", among(func(certs []tls.Certificate) (*tls.Config, error) {
				var list []tlsx.Certificate
				for i := range certs {
					list = append(list, tlsx.Certificate{Value: &certs[i]})
				}
				return tlsx.New(&tlsx.Config{Certificates: list})
			})),
		},
	}}
}

// fleet is made once: a thousand keys take a while.
var fleet struct {
	ca    *pki.CA
	certs []tls.Certificate
}

func many(n int) (*pki.CA, []tls.Certificate, error) {
	if len(fleet.certs) == n {
		return fleet.ca, fleet.certs, nil
	}
	ca, err := pki.New(nil)
	if err != nil {
		return nil, nil, err
	}
	var certs []tls.Certificate
	for i := range n {
		leaf, err := ca.Issue(&pki.Leaf{Names: []string{fmt.Sprintf("host%d.example", i)}})
		if err != nil {
			return nil, nil, err
		}
		certs = append(certs, leaf.TLS())
	}
	fleet.ca, fleet.certs = ca, certs
	return ca, certs, nil
}
