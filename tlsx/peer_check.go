package tlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
)

var (
	errNobodyVerified = errors.New("proves nothing: Insecure, or this ClientAuth, verifies no chain; want Pins with it")
	errNeedsChain     = errors.New("needs a verified chain, which Insecure, or this ClientAuth, gives up")
	errInsecureRoots  = errors.New("has no effect: Insecure verifies no chain")
	errAsksNobody     = errors.New("a server whose ClientAuth requests no certificate cannot check one")
)

// compile returns what Verify compares with.
func (r *Peer) compile(p *problems) ([]peerName, pins) {
	var names []peerName
	for i, s := range r.Names {
		n, err := parseName(s)
		if err == nil && earlier(r.Names, i) {
			err = errDuplicate
		}
		p.add("config", fmt.Sprintf("Peer.Names[%d]", i), s, err)
		names = append(names, n)
	}
	if len(r.Pins) == 0 {
		return names, nil
	}
	set := make(pins, len(r.Pins))
	for i, s := range r.Pins {
		k, err := parsePin(s)
		if _, twice := set[k]; err == nil && twice {
			err = errDuplicate
		}
		p.add("config", fmt.Sprintf("Peer.Pins[%d]", i), s, err)
		set[k] = struct{}{}
	}
	return names, set
}

// unverified reports whether the chains of peers are not verified.
func (c *Config) unverified() bool {
	return c.Insecure || c.ClientAuth == tls.RequestClientCert || c.ClientAuth == tls.RequireAnyClientCert
}

func (c *Config) checkPeer(p *problems) {
	c.Peer.compile(p)
	for i, d := range c.Peer.CRLs {
		p.add("config", fmt.Sprintf("Peer.CRLs[%d]", i), d.String(), d.check())
	}
	c.checkUnverified(p)
	if field := c.serverOnly(); field != "" && c.ClientAuth == tls.NoClientCert {
		for _, asked := range c.Peer.fields() {
			p.add("config", asked, "", fmt.Errorf("%w (%s makes it a server)", errAsksNobody, field))
		}
	}
}

// checkUnverified refuses what would be ignored, or would refuse every peer,
// without verified chains.
func (c *Config) checkUnverified(p *problems) {
	if c.Insecure && !c.Roots.isZero() {
		p.add("config", "Roots", "", errInsecureRoots)
	}
	if !c.unverified() {
		return
	}
	for _, field := range c.Peer.fields() {
		switch {
		case field == "Peer.Names" && len(c.Peer.Pins) == 0:
			p.add("config", field, "", errNobodyVerified)
		case field != "Peer.Names" && field != "Peer.Pins":
			p.add("config", field, "", errNeedsChain)
		}
	}
}

// fields are those with a value.
func (r *Peer) fields() []string {
	var list []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Peer.Names", len(r.Names) > 0},
		{"Peer.Pins", len(r.Pins) > 0},
		{"Peer.CRLs", len(r.CRLs) > 0},
		{"Peer.RequireCRL", r.RequireCRL},
		{"Peer.RequireStaple", r.RequireStaple},
	} {
		if f.set {
			list = append(list, f.name)
		}
	}
	return list
}

// serverOnly returns a field with a value that only a server has; ClientAuth
// aside.
func (c *Config) serverOnly() string {
	switch {
	case c.UnknownName != PresentDefault:
		return "UnknownName"
	case c.Tickets.Off || len(c.Tickets.Keys) > 0:
		return "Tickets"
	case len(c.ECH.Keys) > 0:
		return "ECH.Keys"
	}
	for i := range c.Certificates {
		if c.Certificates[i].Default || len(c.Certificates[i].Names) > 0 {
			return certificateAt(i)
		}
	}
	return ""
}
