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
		s := fieldScanner{rest: v}
		for {
			element, empty, err := s.forwarded()
			if err != nil {
				return nil, &Error{Op: "parse", Field: "Forwarded", Value: v, Err: err}
			}
			if !empty {
				all = append(all, element)
			}
			if len(all) > maxForwarded {
				return nil, &Error{Op: "parse", Field: "Forwarded", Err: errTooManyForwarded}
			}
			if !s.take(',') {
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

var (
	errForwardedName  = errors.New("the name of a parameter is missing")
	errForwardedEqual = errors.New("a parameter has no =, or space beside it")
	errForwardedTwice = errors.New("a parameter is there twice")
	errForwardedRest  = errors.New("something else than ; or , follows a parameter")
)

// forwarded reads an element of Forwarded, up to the comma or the end.
func (s *fieldScanner) forwarded() (f Forwarded, empty bool, err error) {
	empty = true
	seen := map[string]bool{}
	for {
		s.space()
		if s.rest != "" && s.rest[0] != ';' && s.rest[0] != ',' {
			name, value, err := s.pair()
			if err != nil {
				return f, false, err
			}
			if seen[name] {
				return f, false, errForwardedTwice
			}
			seen[name], empty = true, false
			f.set(name, value)
			s.space()
		}
		switch {
		case s.take(';'):
		case s.rest == "" || s.rest[0] == ',':
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
func (s *fieldScanner) pair() (name, value string, err error) {
	if name = s.token(); name == "" {
		return "", "", errForwardedName
	}
	if !s.take('=') {
		return "", "", errForwardedEqual
	}
	value, err = s.value()
	return strings.ToLower(name), value, err
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
