package tlsx

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

var (
	oidDelta    = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidScope    = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidIndirect = asn1.ObjectIdentifier{2, 5, 29, 29}

	errDelta     = errors.New("is a delta list, which says only what changed since another")
	errIndirect  = errors.New("is an indirect list, which speaks of certificates of other issuers")
	errScope     = errors.New("its issuing distribution point is malformed")
	errScopeName = errors.New("its issuing distribution point is not named by a URI")
	errReasons   = errors.New("knows some reasons of revocation only")
	errAttribute = errors.New("is of attribute certificates")
)

// criticalError is for an extension without which a list says something else
// than it seems to (RFC 5280, section 5.2).
func criticalError(id asn1.ObjectIdentifier) error {
	switch {
	case id.Equal(oidDelta):
		return errDelta
	case id.Equal(oidIndirect):
		return errIndirect
	}
	return fmt.Errorf("has the critical extension %s, which is unknown", id)
}

// crlScope is which certificates of its issuer a list speaks of; the zero value
// is all of them.
type crlScope struct {
	usersOnly, casOnly bool
	points             []string // URIs; empty: any
}

// distributionPoint is the extension of RFC 5280, section 5.2.5.
type distributionPoint struct {
	Name       distributionName `asn1:"optional,tag:0"`
	Users      bool             `asn1:"optional,tag:1"`
	CAs        bool             `asn1:"optional,tag:2"`
	Reasons    asn1.BitString   `asn1:"optional,tag:3"`
	Indirect   bool             `asn1:"optional,tag:4"`
	Attributes bool             `asn1:"optional,tag:5"`
}

type distributionName struct {
	Full     []asn1.RawValue `asn1:"optional,tag:0"`
	Relative asn1.RawValue   `asn1:"optional,tag:1"`
}

func parseScope(list *x509.RevocationList) (crlScope, error) {
	var s crlScope
	for _, x := range list.Extensions {
		switch {
		case x.Id.Equal(oidScope):
			var err error
			if s, err = parsePoint(x.Value); err != nil {
				return s, err
			}
		case x.Critical || x.Id.Equal(oidDelta):
			return s, criticalError(x.Id)
		}
	}
	return s, nil
}

func parsePoint(der []byte) (crlScope, error) {
	var p distributionPoint
	rest, err := asn1.Unmarshal(der, &p)
	switch {
	case err != nil:
		return crlScope{}, fmt.Errorf("%w: %w", errScope, err)
	case len(rest) > 0, p.Users && p.CAs:
		return crlScope{}, errScope
	case p.Indirect:
		return crlScope{}, errIndirect
	case p.Reasons.BitLength > 0:
		return crlScope{}, errReasons
	case p.Attributes:
		return crlScope{}, errAttribute
	}
	s := crlScope{usersOnly: p.Users, casOnly: p.CAs}
	for _, n := range p.Name.Full {
		if n.Class == asn1.ClassContextSpecific && n.Tag == 6 { // uniformResourceIdentifier
			s.points = append(s.points, string(n.Bytes))
		}
	}
	if len(s.points) == 0 && (len(p.Name.Full) > 0 || len(p.Name.Relative.FullBytes) > 0) {
		return crlScope{}, errScopeName
	}
	return s, nil
}

// covers reports whether a list that does not have cert says that it is good.
func (s *crlScope) covers(cert *x509.Certificate) bool {
	switch {
	case s.usersOnly && cert.IsCA, s.casOnly && !cert.IsCA:
		return false
	case len(s.points) == 0:
		return true
	}
	return slices.ContainsFunc(cert.CRLDistributionPoints, func(uri string) bool {
		return slices.Contains(s.points, uri)
	})
}
