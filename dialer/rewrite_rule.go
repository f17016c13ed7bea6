package dialer

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// anyPort is the port "*" of a rule: no number of 16 bits.
const anyPort = -1

// rule is a Rewrite that was checked.
type rule struct {
	protocol string // "tcp", "udp", or the unix network
	version  string // "", "4", "6"
	host     string // folded; "*" for all, ".example.com" for all below; the path for unix
	port     int    // anyPort for all
	to       destination
}

// destination is where a rule leads.
type destination struct {
	protocol, version  string
	address            string // used as it is unless something is kept
	host, port         string
	keepHost, keepPort bool
}

func newRule(r Rewrite) (rule, error) {
	from, err := streamKind(r.FromNetwork)
	if err != nil {
		return rule{}, err
	}
	to, err := streamKind(r.ToNetwork)
	if err != nil {
		return rule{}, err
	}
	if from != to {
		return rule{}, fmt.Errorf("network %s carries %s, %s carries %s", r.FromNetwork, from, r.ToNetwork, to)
	}
	var n rule
	n.protocol, n.version = split(r.FromNetwork)
	if err := n.match(r.FromAddress); err != nil {
		return rule{}, fmt.Errorf("address %q: %w", r.FromAddress, err)
	}
	n.to.protocol, n.to.version = split(r.ToNetwork)
	if err := n.to.parse(r.ToAddress, isUnix(r.FromNetwork)); err != nil {
		return rule{}, fmt.Errorf("address %q: %w", r.ToAddress, err)
	}
	return n, nil
}

func isUnix(network string) bool { return strings.HasPrefix(network, "unix") }

// streamKind says what a network carries, since a rule must not change that.
func streamKind(network string) (string, error) {
	switch protocol, _ := split(network); {
	case !known(network):
		return "", net.UnknownNetworkError(network)
	case protocol == "ip":
		return "", fmt.Errorf("rules for network %s: %w", network, errors.ErrUnsupported)
	case protocol == "tcp", protocol == "unix":
		return "streams", nil
	case protocol == "unixpacket":
		return "packets in order", nil
	}
	return "datagrams", nil
}

// match reads FromAddress.
func (n *rule) match(address string) error {
	if isUnix(n.protocol) {
		n.host, n.port = address, anyPort
		_, err := parsePath(n.protocol, address)
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("must be host:port")
	}
	if n.port, err = rulePort(n.protocol, port); err != nil {
		return err
	}
	below, isBelow := strings.CutPrefix(host, "*.")
	switch {
	case host == "*":
		n.host = host
		return nil
	case isBelow:
		host = below
	}
	if err := plainHost(host); err != nil {
		return err
	}
	var buf [maxHost]byte
	n.host = string(fold(&buf, host))
	if !isBelow {
		return nil
	}
	if top := n.host[strings.LastIndexByte(n.host, '.')+1:]; numeric([]byte(top)) || strings.Contains(host, ":") {
		return errors.New(`"*." needs a name after it`)
	}
	n.host = "." + n.host
	return nil
}

// parse reads ToAddress. A path has no host and port that could be kept.
func (d *destination) parse(address string, fromPath bool) error {
	d.address = address
	if isUnix(d.protocol) {
		_, err := parsePath(d.protocol, address)
		return err
	}
	var err error
	if d.host, d.port, err = net.SplitHostPort(address); err != nil {
		return errors.New("must be host:port")
	}
	d.keepHost, d.keepPort = d.host == "*", d.port == "*"
	if (d.keepHost || d.keepPort) && fromPath {
		return errors.New(`"*" keeps what was dialled, but a path has no host and port`)
	}
	if _, err := rulePort(d.protocol, d.port); err != nil || d.keepHost {
		return err
	}
	if ip, err := parseIP(d.host); err == nil {
		return local{ip: ip}.fits(d.protocol + d.version)
	}
	return plainHost(d.host)
}

// rulePort returns the number of a port, anyPort for "*".
func rulePort(protocol, s string) (int, error) {
	if s == "*" {
		return anyPort, nil
	}
	port, ok := portNumber(protocol, s)
	if !ok {
		return 0, fmt.Errorf("port %q is neither a number from 0 to 65535 nor a known service nor *", s)
	}
	return port, nil
}

// plainHost refuses what no host can look like, so that a typing error in a
// rule does not only become a rule that never matches.
func plainHost(host string) error {
	switch {
	case strings.Contains(host, "*"):
		return errors.New(`"*" stands for a whole host or port, or before the first dot of FromAddress`)
	case len(host) > maxHost:
		return fmt.Errorf("the host is longer than %d bytes", maxHost)
	case strings.HasPrefix(host, "."), strings.ContainsAny(host, " \t\r\n\x00/|()"):
		return fmt.Errorf("%q is not a host", host)
	}
	if strings.Contains(host, ":") {
		_, err := parseIP(host)
		return err
	}
	return nil
}
