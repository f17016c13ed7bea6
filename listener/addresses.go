package listener

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxSockets bounds the sockets of one listener: a mistyped range of ports must
// not take all descriptors of the process.
const maxSockets = 1024

// place is an address together with where the Config has it.
type place struct {
	address

	field, value string
}

// addresses returns what to listen on, one for each socket but for shards. The
// error is an *Error for each bad address.
func (c *Config) addresses(find systemd) ([]place, problems) {
	var list []place
	var p problems
	seen := map[string]string{}
	for _, given := range c.places() {
		all, err := parseStreams(given.value, find)
		for _, a := range all {
			key := a.key()
			if first, twice := seen[key]; twice {
				err = fmt.Errorf("%s is in %s already", a.text, first)
				break
			}
			if key != "" {
				seen[key] = given.field
			}
		}
		p.add(given.field, given.value, err)
		for _, a := range all {
			list = append(list, place{a, given.field, given.value})
		}
	}
	if n := len(list); n > 0 && c.shards() > maxSockets/n {
		p.add("Addresses", "", fmt.Errorf("%d sockets with %d shards each are more than %d", n, c.shards(), maxSockets))
	}
	return list, p
}

// places returns the addresses as they were given. An empty Address is one only
// if there is no other.
func (c *Config) places() []place {
	var list []place
	if c.Address != "" || len(c.Addresses) == 0 {
		list = append(list, place{field: "Address", value: c.Address})
	}
	for i, s := range c.Addresses {
		list = append(list, place{field: fmt.Sprintf("Addresses[%d]", i), value: s})
	}
	return list
}

// parseStreams takes an address of New, which can stand for several sockets.
func parseStreams(s string, find systemd) ([]address, error) {
	if first, last, ok := splitRange(s); ok {
		return parseRange(s, first, last)
	}
	a, err := parseAddress(s, streams, "tcp")
	if err == nil && a.network == "systemd" {
		return find(a)
	}
	if err == nil && a.network == "fd" {
		a.fd, err = parseDescriptor(a.text)
	}
	if err != nil {
		return nil, err
	}
	return []address{a}, nil
}

// parseDescriptor takes the number of a descriptor.
func parseDescriptor(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("descriptor %q is not a number from 0 to 2147483647", s)
	}
	return int(n), nil
}

// splitRange finds the range of ports at the end of a TCP address. Names of
// hosts and of zones can have a hyphen too, but no colon after it.
func splitRange(s string) (first, last string, ok bool) {
	scheme, _, found := strings.Cut(s, "://")
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 || found && !strings.HasPrefix(scheme, "tcp") {
		return "", "", false
	}
	first, last, ok = strings.Cut(s[colon+1:], "-")
	return first, last, ok && isDigits(first) && isDigits(last)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// parseRange returns an address for each port from first to last, with which s ends.
func parseRange(s, first, last string) ([]address, error) {
	host := strings.TrimSuffix(s, first+"-"+last)
	low, err1 := strconv.ParseUint(first, 10, 16)
	high, err2 := strconv.ParseUint(last, 10, 16)
	switch {
	case err1 != nil || err2 != nil || low == 0:
		return nil, fmt.Errorf("ports %q are not two numbers from 1 to 65535", first+"-"+last)
	case low > high:
		return nil, fmt.Errorf("ports %q begin above their end", first+"-"+last)
	case high-low >= maxSockets:
		return nil, fmt.Errorf("ports %q need %d sockets, which is more than %d", first+"-"+last, high-low+1, maxSockets)
	}
	var list []address
	for port := low; port <= high; port++ {
		a, err := parseAddress(host+strconv.FormatUint(port, 10), streams, "tcp")
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// key is equal for two addresses of which only one can be listened on, as far as
// can be told without a socket. It is "" where there can be any number.
func (a address) key() string {
	switch {
	case a.network == "systemd" && a.fd < 0:
		return "systemd " + a.text
	case a.inherited():
		return "fd " + strconv.Itoa(a.fd)
	case a.protocol() != "tcp":
		return "unix " + a.text // a path has one socket of any type
	}
	host, port, err := net.SplitHostPort(a.text)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || n == 0 {
		return ""
	}
	network := a.network
	if ip, err := netip.ParseAddr(host); err == nil {
		network, host = "tcp", ip.Unmap().String()
	}
	return network + " " + net.JoinHostPort(strings.ToLower(host), strconv.FormatUint(n, 10))
}
