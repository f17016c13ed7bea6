package connectudp

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// DefaultTemplate is the path that RFC 9298, section 2, has for a proxy of which
// only host and port are known.
const DefaultTemplate = "/.well-known/masque/udp/{target_host}/{target_port}/"

const maxTemplate = 1 << 10

// template is a URI template (RFC 6570) with what RFC 9298 allows of it: simple
// strings, and the form-style queries of level 3.
type template []piece

// piece is an expression, or a literal if there are no names.
type piece struct {
	literal string
	form    string // "", "?" or "&"
	names   []string
}

func parseTemplate(s string) (template, error) {
	if len(s) > maxTemplate {
		return nil, fmt.Errorf("has more than %d bytes", maxTemplate)
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return nil, errors.New("must be of visible ASCII")
		}
	}
	var t template
	for s != "" {
		literal, rest, found := strings.Cut(s, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("has a } without a {")
		}
		if literal != "" {
			t = append(t, piece{literal: literal})
		}
		if !found {
			break
		}
		expression, after, found := strings.Cut(rest, "}")
		if !found {
			return nil, errors.New("has a { without a }")
		}
		p, err := parseExpression(expression)
		if err != nil {
			return nil, err
		}
		t, s = append(t, p), after
	}
	return t, t.check()
}

var variableName = regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)

func parseExpression(s string) (piece, error) {
	var p piece
	if strings.HasPrefix(s, "?") || strings.HasPrefix(s, "&") {
		p.form, s = s[:1], s[1:]
	}
	for name := range strings.SplitSeq(s, ",") {
		if !variableName.MatchString(name) {
			return piece{}, fmt.Errorf("{%s}: is neither simple nor a form-style query (RFC 9298, section 2)", s)
		}
		p.names = append(p.names, name)
	}
	return p, nil
}

// check looks for the variables that have to be there, and for where they are.
func (t template) check() error {
	plain, err := url.PathUnescape(t.expand("", ""))
	if err != nil {
		return err
	}
	if strings.Contains(plain, markPrefix) {
		return fmt.Errorf("must not have %q in its text", markPrefix)
	}
	u, err := url.Parse(t.expand(hostMark, portMark))
	if err != nil {
		return err
	}
	all := u.EscapedPath() + "?" + u.RawQuery
	for name, mark := range map[string]string{"target_host": hostMark, "target_port": portMark} {
		if strings.Count(all, mark) != 1 {
			return fmt.Errorf("must have the variable %s once, in its path or query", name)
		}
	}
	if !strings.HasPrefix(u.Path, "/") {
		return errors.New("must have a path")
	}
	if u.Fragment != "" {
		return errors.New("must have no fragment")
	}
	return nil
}

// What stands for the variables while a template is taken apart: unreserved
// bytes, so that they stay as they are.
const (
	markPrefix = "0-target-"
	hostMark   = markPrefix + "host-0"
	portMark   = markPrefix + "port-0"
)

// expand puts in the target. Other variables are undefined, and leave nothing.
func (t template) expand(host, port string) string {
	values := map[string]string{"target_host": host, "target_port": port}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.literal)
		var parts []string
		for _, name := range p.names {
			value, ok := values[name]
			switch {
			case ok && p.form != "":
				parts = append(parts, name+"="+escape(value))
			case ok:
				parts = append(parts, escape(value))
			}
		}
		switch {
		case len(parts) == 0:
		case p.form != "":
			b.WriteString(p.form + strings.Join(parts, "&"))
		default:
			b.WriteString(strings.Join(parts, ","))
		}
	}
	return b.String()
}

// escape leaves unreserved bytes alone (RFC 6570, section 3.2.1): the colons of
// an IPv6 address are escaped.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
	return b.String()
}
