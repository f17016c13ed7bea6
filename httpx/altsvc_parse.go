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
		if s.accept(',') {
			continue // lists may have empty elements
		}
		a, err := s.alternative()
		if err != nil {
			return nil, err
		}
		list = append(list, a)
		if s.space(); s.rest != "" && !s.accept(',') {
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
	if a.protocol == "" || !s.accept('=') {
		return a, errors.New("no protocol and =")
	}
	authority, ok := s.quoted()
	if !ok {
		return a, errors.New("no authority in quotes")
	}
	if err := a.setAuthority(authority); err != nil {
		return a, err
	}
	for s.space(); s.accept(';'); s.space() {
		s.space()
		if err := s.parameter(&a); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (s *fieldScanner) parameter(a *alternative) error {
	name := s.token()
	if name == "" || !s.accept('=') {
		return errors.New("no name of a parameter and =")
	}
	value, ok := s.quoted()
	if !ok {
		value = s.token()
	}
	switch {
	case value == "" && !ok:
		return errors.New("no value of " + name)
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
	if err != nil || port == 0 || s[colon+1] == '+' {
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

// fieldScanner takes a field apart (RFC 9110, 5.6).
type fieldScanner struct{ rest string }

func (s *fieldScanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

func (s *fieldScanner) accept(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *fieldScanner) token() string {
	n := 0
	for n < len(s.rest) && tokenByte(s.rest[n]) {
		n++
	}
	t := s.rest[:n]
	s.rest = s.rest[n:]
	return t
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// quoted reads a quoted-string, without its quotes and backslashes.
func (s *fieldScanner) quoted() (string, bool) {
	if s.rest == "" || s.rest[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		case c < ' ' && c != '\t' || c == 0x7f || c == '\\':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
