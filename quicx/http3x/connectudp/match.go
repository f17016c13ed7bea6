package connectudp

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// matcher finds the target in URLs that are made from a template.
type matcher struct {
	path  *regexp.Regexp
	marks []string   // what the groups of path are
	query url.Values // with marks for values
}

func newMatcher(t template) (*matcher, error) {
	u, err := url.Parse(t.expand(hostMark, portMark))
	if err != nil {
		return nil, err // not so: the template was checked
	}
	m := &matcher{}
	if m.query, err = url.ParseQuery(u.RawQuery); err != nil {
		return nil, err
	}
	for key, values := range m.query {
		v := values[0]
		if len(values) > 1 || strings.Contains(key, markPrefix) || v != hostMark && v != portMark && strings.Contains(v, markPrefix) {
			return nil, errors.New("each variable in a query must be a value of its own")
		}
	}
	path := u.EscapedPath()
	m.marks = marks.FindAllString(path, -1)
	if between := marks.Split(path, -1); len(m.marks) == 2 && !separates(between[1], m.marks[0] == hostMark) {
		return nil, errors.New("between target_host and target_port there must be something, and beside the port no digit")
	}
	pattern := strings.NewReplacer(hostMark, "([^/]+)", portMark, "([0-9]+)").Replace(regexp.QuoteMeta(path))
	m.path, err = regexp.Compile("^" + pattern + "$")
	return m, err
}

var marks = regexp.MustCompile(hostMark + "|" + portMark)

// separates reports whether a text between host and port tells where they end: a host can
// have any digits, so that what is beside the port must be none.
func separates(text string, hostFirst bool) bool {
	if text == "" {
		return false
	}
	beside := text[0]
	if hostFirst {
		beside = text[len(text)-1]
	}
	return beside < '0' || beside > '9'
}

var errNoMatch = errors.New("the URL does not match the template")

// target returns the host:port of a URL, the host being an address or a name.
func (m *matcher) target(u *url.URL) (string, error) {
	groups := m.path.FindStringSubmatch(u.EscapedPath())
	if groups == nil {
		return "", errNoMatch
	}
	found := map[string]string{}
	for i, mark := range m.marks {
		value, err := url.PathUnescape(groups[i+1])
		if err != nil {
			return "", err
		}
		found[mark] = value
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", err
	}
	for key, values := range m.query {
		got := query[key]
		switch want := values[0]; {
		case len(got) != 1:
			return "", errNoMatch
		case want == hostMark || want == portMark:
			found[want] = got[0]
		case want != got[0]:
			return "", errNoMatch
		}
	}
	return joinTarget(found[hostMark], found[portMark])
}

// joinTarget checks both parts. Scoped addresses are not for proxies (RFC 9298,
// section 2).
func joinTarget(host, port string) (string, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("the port is not 1 to 65535")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return "", errors.New("the address has a zone")
		}
	} else if !isName(host) {
		return "", errors.New("the host is neither an address nor a name")
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

func isName(s string) bool {
	if s == "" || len(s) > 254 || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}
