package httpx

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// alternative is one value of an Alt-Svc field (RFC 7838, section 3).
type alternative struct {
	protocol string // the ALPN id as it stands there: escapes are canonical, so that it can be compared
	host     string // "" is the origin's; IPv6 addresses without brackets
	port     uint16
	maxAge   time.Duration
	persist  bool
}

const defaultMaxAge = 24 * time.Hour

// parseAltSvc reads the values of a field. "clear" is a list of none. An error says
// that the field is to be ignored.
func parseAltSvc(values []string) (list []alternative, err error) {
	s := &fieldScanner{rest: strings.Join(values, ",")}
	if strings.Trim(s.rest, " \t,") == "clear" {
		return nil, nil
	}
	for s.space(); s.rest != ""; s.space() {
		if s.take(',') {
			continue // lists may have empty elements
		}
		a, err := s.alternative()
		if err != nil {
			return nil, err
		}
		list = append(list, a)
		if s.space(); s.rest != "" && !s.take(',') {
			return nil, errors.New("no comma after a value")
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no value")
	}
	return list, nil
}

func (s *fieldScanner) alternative() (alternative, error) {
	a := alternative{protocol: s.token(), maxAge: defaultMaxAge}
	if a.protocol == "" || !s.take('=') {
		return a, errors.New("no protocol and =")
	}
	if !s.take('"') {
		return a, errors.New("no authority in quotes")
	}
	authority, err := s.quoted()
	if err != nil {
		return a, err
	}
	if err := a.setAuthority(authority); err != nil {
		return a, err
	}
	for s.space(); s.take(';'); s.space() {
		s.space()
		if err := s.parameter(&a); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (s *fieldScanner) parameter(a *alternative) error {
	name := s.token()
	if name == "" || !s.take('=') {
		return errors.New("no name of a parameter and =")
	}
	value, err := s.value()
	switch {
	case err != nil:
		return err
	case strings.EqualFold(name, "ma"):
		age, ok := deltaSeconds(value)
		if !ok {
			return errors.New("ma is not a number of seconds")
		}
		a.maxAge = age
	case strings.EqualFold(name, "persist"):
		a.persist = value == "1"
	}
	return nil // others are ignored
}

// setAuthority reads [host] ":" port.
func (a *alternative) setAuthority(s string) error {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return errors.New("no port")
	}
	port, err := strconv.ParseUint(s[colon+1:], 10, 16)
	if err != nil || port == 0 {
		return errors.New("port is not from 1 to 65535")
	}
	host := s[:colon]
	if inside, ok := strings.CutPrefix(host, "["); ok {
		host, ok = strings.CutSuffix(inside, "]")
		if ip, err := netip.ParseAddr(host); !ok || err != nil || !ip.Is6() || ip.Zone() != "" {
			return errors.New("host is not an IPv6 address")
		}
	} else if strings.IndexFunc(host, notInName) >= 0 {
		return errors.New("host is not a name")
	}
	a.host, a.port = strings.ToLower(host), uint16(port)
	return nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}
