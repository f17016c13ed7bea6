package dialer

import (
	"context"
	"io"
	"net"
	"syscall"
)

// LocalOn gives the tests the parser of LocalAddr without a dial.
func LocalOn(s, network string) (net.Addr, string, error) {
	l, err := parseLocal(s)
	if err != nil {
		return nil, "", err
	}
	return l.on(network)
}

// FindRewrite gives the tests the table of rules without a dial.
func FindRewrite(rules []Rewrite) (find func(network, address string) bool, target func(network, address string) string, err error) {
	t, err := newRewrites(rules)
	find = func(network, address string) bool { return t.find(network, address) != nil }
	target = func(network, address string) string {
		d := t.find(network, address)
		if d == nil {
			return ""
		}
		network, address = d.target(network, address)
		return network + "|" + address
	}
	return find, target, err
}

// Share gives the tests the rule by which addresses share the time.
var Share = share

// EnvironmentChain gives the tests the choice of a proxy without a dial: its address, "" for none.
func EnvironmentChain() (func(network, address string) (string, error), error) {
	e, err := newEnvironment()
	if err != nil {
		return nil, err
	}
	return func(network, address string) (string, error) {
		hops, err := e.chain(network, address)
		if len(hops) == 0 {
			return "", err
		}
		return hops[0].address, err
	}, nil
}

// ProxyAnswer gives the tests the readers of a proxy's answers without a network: what is left of them is the target's.
// With a nil answer the conn is one that cannot be written to.
func ProxyAnswer(p Proxy, answer []byte) (rest []byte, err error) {
	h, err := newHop("", p)
	if err != nil {
		return nil, err
	}
	c := &answering{rest: answer, gone: answer == nil}
	_, err = h.negotiate(context.Background(), c, endpoint{host: "service.test", port: 80}, nil)
	return c.rest, err
}

// answering is a conn from which one can only read what it has.
type answering struct {
	net.Conn
	rest []byte
	gone bool
}

func (a *answering) Write(b []byte) (int, error) {
	if a.gone {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

func (a *answering) Read(b []byte) (int, error) {
	if len(a.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// FormatProxyHeader gives the tests the bytes of a header without a dial.
func FormatProxyHeader(h ProxyHeader, version int) ([]byte, error) { return h.format(version) }
