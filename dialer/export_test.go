package dialer

import "net"

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
