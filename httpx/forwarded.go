package httpx

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Forwarded is an element of the Forwarded header (RFC 7239): what one proxy
// says of the request that it got. Each field is the value of the parameter of
// that name without quotes, empty if it is absent.
type Forwarded struct {
	For, By     string // a node: an address with or without port, "unknown" or a name that begins with "_"
	Host, Proto string
}

// maxForwarded bounds the elements that are read: no path has so many proxies.
const maxForwarded = 100

var errTooManyForwarded = fmt.Errorf("more than %d elements", maxForwarded)

// ParseForwarded reads the values of all Forwarded header fields of a message,
// in their order: the first element is that of the proxy next to the client.
// Parameters of other names are checked and left out. Elements without any are
// skipped.
func ParseForwarded(values []string) ([]Forwarded, error) {
	var all []Forwarded
	for _, v := range values {
		p := forwardedParser{rest: v}
		for {
			element, empty, err := p.element()
			if err != nil {
				return nil, &Error{Op: "parse", Field: "Forwarded", Value: v, Err: err}
			}
			if !empty {
				all = append(all, element)
			}
			if len(all) > maxForwarded {
				return nil, &Error{Op: "parse", Field: "Forwarded", Err: errTooManyForwarded}
			}
			if !p.take(',') {
				break
			}
		}
	}
	return all, nil
}

// String returns the element in the form of the header, with quotes where they
// are needed.
func (f Forwarded) String() string {
	var b strings.Builder
	for _, p := range []struct{ name, value string }{{"by", f.By}, {"for", f.For}, {"host", f.Host}, {"proto", f.Proto}} {
		if p.value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(p.name + "=" + quoteIfNeeded(p.value))
	}
	return b.String()
}

func quoteIfNeeded(s string) string {
	for i := range len(s) {
		if !isToken(s[i]) {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
	}
	return s
}

// forwardedParser reads a header value from its begin.
type forwardedParser struct{ rest string }

var (
	errForwardedName  = errors.New("the name of a parameter is missing")
	errForwardedEqual = errors.New("a parameter has no =, or space beside it")
	errForwardedValue = errors.New("the value of a parameter is missing")
	errForwardedQuote = errors.New("a quoted value does not end")
	errForwardedByte  = errors.New("a quoted value has a control character")
	errForwardedTwice = errors.New("a parameter is there twice")
	errForwardedRest  = errors.New("something else than ; or , follows a parameter")
)

// element reads up to the comma or the end.
func (p *forwardedParser) element() (f Forwarded, empty bool, err error) {
	empty = true
	seen := map[string]bool{}
	for {
		p.space()
		if p.rest != "" && p.rest[0] != ';' && p.rest[0] != ',' {
			name, value, err := p.pair()
			if err != nil {
				return f, false, err
			}
			if seen[name] {
				return f, false, errForwardedTwice
			}
			seen[name], empty = true, false
			f.set(name, value)
			p.space()
		}
		switch {
		case p.take(';'):
		case p.rest == "" || p.rest[0] == ',':
			return f, empty, nil
		default:
			return f, false, errForwardedRest
		}
	}
}

func (f *Forwarded) set(name, value string) {
	switch name {
	case "for":
		f.For = value
	case "by":
		f.By = value
	case "host":
		f.Host = value
	case "proto":
		f.Proto = value
	}
}

// pair reads name=value.
func (p *forwardedParser) pair() (name, value string, err error) {
	if name = p.token(); name == "" {
		return "", "", errForwardedName
	}
	if !p.take('=') {
		return "", "", errForwardedEqual
	}
	if p.take('"') {
		value, err = p.quoted()
	} else if value = p.token(); value == "" {
		err = errForwardedValue
	}
	return strings.ToLower(name), value, err
}

// quoted reads the rest of a quoted string.
func (p *forwardedParser) quoted() (string, error) {
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == '"' {
			p.rest = p.rest[i+1:]
			return b.String(), nil
		}
		if c == '\\' && i+1 < len(p.rest) {
			i++
			c = p.rest[i]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", errForwardedByte
		}
		b.WriteByte(c)
	}
	return "", errForwardedQuote
}

func (p *forwardedParser) token() string {
	n := 0
	for n < len(p.rest) && isToken(p.rest[n]) {
		n++
	}
	t := p.rest[:n]
	p.rest = p.rest[n:]
	return t
}

func (p *forwardedParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// take skips b if it is next.
func (p *forwardedParser) take(b byte) bool {
	ok := p.rest != "" && p.rest[0] == b
	if ok {
		p.rest = p.rest[1:]
	}
	return ok
}

// isToken says whether a byte may be in a token (RFC 9110, section 5.6.2).
func isToken(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}

// nodeAddr returns the address of a node, which may have a port. It is not valid
// if the node is none: "unknown", or a name.
func nodeAddr(node string) netip.Addr {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(node, "["), "]")); err == nil {
		return a.Unmap().WithZone("")
	}
	if i := strings.LastIndexByte(node, ':'); i > 0 { // an obfuscated port, "_x", is allowed
		if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(node[:i], "["), "]")); err == nil && a.Is4() == (node[0] != '[') {
			return a.Unmap().WithZone("")
		}
	}
	return netip.Addr{}
}
