package httpx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// validate finds everything that is wrong before anything is opened.
func (c *TransportConfig) validate() problems {
	var p problems
	protocols := c.protocols()
	c.checkDial(&p)
	p.add("Protocols", protocols.String(), checkProtocols(protocols))
	checkTLS(&p, "TLS", c.TLS, protocols)
	c.checkHTTP2(&p, protocols)
	c.checkLimits(&p)
	c.checkIdle(&p)
	c.checkProxy(&p, protocols)
	return p
}

func (c *TransportConfig) checkDial(p *problems) {
	if c.Dialer != nil && c.DialContext != nil {
		p.add("DialContext", "", errors.New("there is a Dialer as well"))
	}
	checkNotNegative(p, "TLSHandshakeTimeout", c.TLSHandshakeTimeout)
}

func checkProtocols(p http.Protocols) error {
	switch {
	case p.UnencryptedHTTP2() && p.HTTP1():
		return errors.New("UnencryptedHTTP2 would never be used beside HTTP1: http has no way to choose between them")
	case p == http.Protocols{}:
		return errors.New("must have at least one of HTTP1, HTTP2, UnencryptedHTTP2")
	}
	return nil
}

// checkHTTP2 refuses settings that nothing would use.
func (c *TransportConfig) checkHTTP2(p *problems, protocols http.Protocols) {
	if c.HTTP2 == nil {
		return
	}
	if !protocols.HTTP2() && !protocols.UnencryptedHTTP2() {
		p.add("HTTP2", "", fmt.Errorf("has no effect: Protocols=%v", protocols))
		return
	}
	checkClientHTTP2(p, c.HTTP2)
}

const (
	maxHeaderBytes = 1<<32 - 1 // what a setting of HTTP/2 can say
	maxBuffer      = 16 << 20
)

func (c *TransportConfig) checkLimits(p *problems) {
	checkRange(p, "MaxConnsPerHost", c.MaxConnsPerHost, 0, 1<<31-1)
	checkRange(p, "MaxResponseHeaderBytes", c.MaxResponseHeaderBytes, 0, maxHeaderBytes)
	checkRange(p, "ReadBufferSize", c.ReadBufferSize, 0, maxBuffer)
	checkRange(p, "WriteBufferSize", c.WriteBufferSize, 0, maxBuffer)
}

func (c *TransportConfig) checkIdle(p *problems) {
	if all, host := c.idleConns(); c.MaxIdleConnsPerHost > 0 && all > 0 && host > all {
		p.add("MaxIdleConnsPerHost", strconv.Itoa(host), fmt.Errorf("more than MaxIdleConns=%d", all))
	}
	if !c.DisableKeepAlives {
		return
	}
	useless := errors.New("DisableKeepAlives leaves no conn idle")
	if c.IdleConnTimeout != 0 {
		p.add("IdleConnTimeout", c.IdleConnTimeout.String(), useless)
	}
	if c.MaxIdleConns != 0 {
		p.add("MaxIdleConns", strconv.Itoa(c.MaxIdleConns), useless)
	}
	if c.MaxIdleConnsPerHost != 0 {
		p.add("MaxIdleConnsPerHost", strconv.Itoa(c.MaxIdleConnsPerHost), useless)
	}
}

// checkTLS finds what crypto/tls would find in the first handshake.
func checkTLS(p *problems, field string, c *tls.Config, protocols http.Protocols) {
	if c == nil {
		return
	}
	for _, version := range []struct {
		name string
		of   uint16
	}{{"MinVersion", c.MinVersion}, {"MaxVersion", c.MaxVersion}} {
		if version.of != 0 && (version.of < tls.VersionTLS10 || version.of > tls.VersionTLS13) {
			p.add(field+"."+version.name, fmt.Sprintf("%#04x", version.of), errors.New("must be 0 or a version from TLS 1.0 to TLS 1.3"))
		}
	}
	switch least := max(c.MinVersion, tls.VersionTLS12); {
	case c.MaxVersion == 0:
	case c.MinVersion > c.MaxVersion:
		p.add(field+".MinVersion", tls.VersionName(c.MinVersion), fmt.Errorf("above MaxVersion=%s", tls.VersionName(c.MaxVersion)))
	case protocols.HTTP2() && c.MaxVersion < least:
		p.add(field+".MaxVersion", tls.VersionName(c.MaxVersion), errors.New("HTTP/2 needs TLS 1.2: set Protocols to HTTP1"))
	}
	for _, name := range c.NextProtos {
		if !ofHTTP(name) {
			p.add(field+".NextProtos", name, errors.New("this package does not speak it"))
		}
	}
}
