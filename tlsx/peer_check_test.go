package tlsx_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestPeerRefused(t *testing.T) {
	a := newAuthorities(t)
	pin := pinText(a.root.Certificate())
	list := crlOf(t, a.root)
	own := presenting(certFor(t, a.root, &pki.Leaf{Names: []string{"localhost"}}))
	named := presenting(certFor(t, a.root, &pki.Leaf{Names: []string{"localhost"}}))
	named[0].Names = []string{"localhost"}
	names := tlsx.Peer{Names: []string{"a.example"}}
	key := tlsx.Text(strings.Repeat("k", 32))
	for name, c := range map[string]struct {
		cfg  tlsx.Config
		want []string
	}{
		"names": {tlsx.Config{Peer: tlsx.Peer{Names: []string{"", "a..b", "a", "a"}}},
			[]string{"Peer.Names[0]: |is empty", "Peer.Names[1]=a..b: |want a DNS name", "Peer.Names[3]=a: |is there twice"}},
		"pins": {tlsx.Config{Peer: tlsx.Peer{Pins: []string{"x", "eHg=", pin, "sha256/" + pin}}},
			[]string{"Peer.Pins[0]=x: |want the SHA-256", "Peer.Pins[1]=eHg=: |has 2 bytes", "Peer.Pins[3]=|is there twice"}},
		"no list":         {tlsx.Config{Peer: tlsx.Peer{CRLs: []tlsx.Data{{}}}}, []string{"Peer.CRLs[0]: |is empty"}},
		"insecure roots":  {tlsx.Config{Insecure: true, Roots: cas(a.root)}, []string{"Roots: |has no effect: Insecure"}},
		"insecure names":  {tlsx.Config{Insecure: true, Peer: names}, []string{"Peer.Names: |proves nothing"}},
		"insecure lists":  {tlsx.Config{Insecure: true, Peer: tlsx.Peer{CRLs: []tlsx.Data{list}, RequireCRL: true}}, []string{"Peer.CRLs: |needs a verified chain", "Peer.RequireCRL: |needs a verified chain"}},
		"insecure staple": {tlsx.Config{Insecure: true, Peer: tlsx.Peer{RequireStaple: true}}, []string{"Peer.RequireStaple: |needs a verified chain"}},
		"any client":      {tlsx.Config{ClientAuth: tls.RequireAnyClientCert, Certificates: own, Peer: names}, []string{"Peer.Names: |proves nothing"}},
		"refusing server": {tlsx.Config{UnknownName: tlsx.RefuseUnknown, Certificates: own, Peer: names}, []string{"Peer.Names: |requests no certificate cannot check one (UnknownName makes"}},
		"ticket server":   {tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{key}}, Certificates: own, Peer: tlsx.Peer{Pins: []string{pin}}}, []string{"Peer.Pins: |(Tickets makes"}},
		"ECH server":      {tlsx.Config{ECH: tlsx.ECH{Keys: []tlsx.Data{key}}, Certificates: own, Peer: tlsx.Peer{RequireCRL: true}}, []string{"Peer.RequireCRL: |(ECH.Keys makes"}},
		"named server":    {tlsx.Config{Certificates: named, Peer: names}, []string{"Peer.Names: |(Certificates[0] makes"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, &c.cfg, c.want...) })
	}
}

// TestPeerIsCopied changes what New was given.
func TestPeerIsCopied(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	cfg := &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{Names: []string{"b.example.com"}}}
	made := config(t, cfg)
	cfg.Peer.Names[0] = "a.example.com"
	m := meet(t, made, &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}})
	var e *tlsx.NameError
	require.ErrorAs(t, m.clientError, &e)
	require.Equal(t, []string{"b.example.com"}, e.Want)
}
