package tlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
)

var (
	errNoClientCAs = errors.New("is empty: ClientAuth needs the CAs that clients are verified with (System takes any public one)")
)

// checkClientAuth holds mode and CAs together: crypto/tls takes the system's
// CAs for clients if there are none, and ignores those that the mode never uses.
func (c *Config) checkClientAuth(p *problems) {
	mode := c.ClientAuth
	if mode < tls.NoClientCert || mode > tls.RequireAndVerifyClientCert {
		p.add("config", "ClientAuth", strconv.Itoa(int(mode)), fmt.Errorf("is none of %s", names(clientAuths)))
		return
	}
	switch verifies := mode >= tls.VerifyClientCertIfGiven; {
	case verifies && c.ClientCAs.isZero():
		p.add("config", "ClientCAs", "", errNoClientCAs)
	case !verifies && !c.ClientCAs.isZero():
		p.add("config", "ClientCAs", "", fmt.Errorf("has no effect: ClientAuth=%s verifies no client", mode))
	}
}
