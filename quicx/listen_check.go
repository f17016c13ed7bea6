package quicx

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/access"
)

const (
	// maxShards is what Shards can be: what one byte tells apart evenly enough.
	maxShards = 64
	// maxPlaces is what MaxHandshakes can be.
	maxPlaces = 1 << 20
	// maxCode is the largest error code (RFC 9000, section 19.19).
	maxCode = 1<<62 - 1
)

// Check says what [NewListener] would say of the configuration, without opening
// anything: for those who keep one to listen later. An empty Address is no error
// here, as it may not be known yet.
func (c *ListenConfig) Check() error {
	n := c.clone()
	if n.Conn == nil && n.Address == "" {
		n.Address = "127.0.0.1:0"
	}
	_, err := n.validate()
	return err
}

// validate finds everything that is wrong with the config, puts in the defaults,
// and says how to open the sockets.
func (c *ListenConfig) validate() (*socketConfig, error) {
	var p problems
	s := c.checkAddress(&p)
	c.checkShards(&p)
	s.options = c.Options
	s.check(&p)
	c.checkProtocol(&p)
	plain(&p, "Allow", c.Allow)
	plain(&p, "Deny", c.Deny)
	c.checkLimits(&p)
	c.checkRetry(&p)
	c.checkKeys(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	c.fill()
	return s, nil
}

// checkAddress takes Address apart, or takes that of Conn.
func (c *ListenConfig) checkAddress(p *problems) *socketConfig {
	s := &socketConfig{network: "udp", receive: c.ReceiveBuffer, send: c.SendBuffer}
	if c.Conn != nil {
		if c.Address != "" {
			p.add("Address", c.Address, errors.New("not together with Conn"))
		}
		a := c.Conn.LocalAddr()
		if a == nil {
			p.add("Conn", "", errors.New("is not open"))
			return s
		}
		s.network, s.address = sockopt.NetworkOf(a), a.String()
		return s
	}
	network, address, found := strings.Cut(c.Address, "://")
	if !found {
		network, address = "udp", c.Address
	}
	if !slices.Contains([]string{"udp", "udp4", "udp6"}, network) {
		p.add("Address", c.Address, net.UnknownNetworkError(network))
		return s
	}
	s.network, s.address = network, address
	p.add("Address", c.Address, checkHostPort(network, address))
	return s
}

// checkHostPort wants a port number, and no literal of the other IP version.
func checkHostPort(network, address string) error {
	if address == "" {
		return errors.New("must be set")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil //nolint:nilerr // a name, or all addresses
	}
	is4 := ip.Unmap().Is4()
	if (is4 && network == "udp6") || (!is4 && network == "udp4") {
		return fmt.Errorf("%s is not an address of network %s", host, network)
	}
	return nil
}

// checkShards adds the option that several sockets need.
func (c *ListenConfig) checkShards(p *problems) {
	n := strconv.Itoa(c.Shards)
	switch {
	case c.Shards < 0:
		p.add("Shards", n, errNegative)
	case c.Shards < 2: //nolint:mnd // one socket
	case c.Shards > maxShards:
		p.add("Shards", n, fmt.Errorf("is more than %d", maxShards))
	case c.Conn != nil:
		p.add("Shards", n, errors.New("not together with Conn, which is one socket"))
	case !steers:
		p.add("Shards", n, fmt.Errorf("steering by connection ID on %s: %w", runtime.GOOS, errors.ErrUnsupported))
	default:
		p.add("Shards", n, c.share())
	}
}

// share adds the option that lets several sockets have one port.
func (c *ListenConfig) share() error {
	want := sockopt.ReusePort.Value(true)
	for _, o := range c.Options {
		if o.Name() == want.Name() && o.ValueText() != want.ValueText() {
			return fmt.Errorf("need %s, and Options has %s", want, o)
		}
	}
	c.Options = append(c.Options, want)
	return nil
}

// plain brings the prefixes into the form in which they are compared.
func plain(p *problems, field string, list []netip.Prefix) {
	for i, prefix := range list {
		var err error
		list[i], err = access.Plain(prefix)
		p.add(fmt.Sprintf("%s[%d]", field, i), prefix.String(), err)
	}
}

func (c *ListenConfig) checkLimits(p *problems) {
	p.natural("MaxConns", c.MaxConns)
	p.natural("MaxConnsPerSource", c.MaxConnsPerSource)
	p.natural("MaxHandshakes", c.MaxHandshakes)
	if c.MaxHandshakes > maxPlaces {
		p.add("MaxHandshakes", strconv.Itoa(c.MaxHandshakes), fmt.Errorf("is more than %d", maxPlaces))
	}
	p.bits("SourceBits4", c.SourceBits4, 32)  //nolint:mnd // of an IPv4 address
	p.bits("SourceBits6", c.SourceBits6, 128) //nolint:mnd // of an IPv6 address
	p.span("HandshakeTimeout", c.HandshakeTimeout)
	p.span("MaxTokenAge", c.MaxTokenAge)
	if c.CloseCode > maxCode {
		p.add("CloseCode", strconv.FormatUint(uint64(c.CloseCode), 10), errors.New("is more than 2^62-1"))
	}
}

func (c *ListenConfig) checkRetry(p *problems) {
	if c.Retry >= retryPolicies {
		p.add("Retry", c.Retry.String(), errors.New("is not a policy"))
	}
	n := strconv.Itoa(c.RetryAbove)
	most := c.MaxHandshakes
	if most == 0 {
		most = DefaultMaxHandshakes
	}
	switch {
	case c.RetryAbove < 0:
		p.add("RetryAbove", n, errNegative)
	case c.RetryAbove == 0:
	case c.Retry != RetryUnderLoad:
		p.add("RetryAbove", n, fmt.Errorf("is for another policy than Retry=%s", c.Retry))
	case c.RetryAbove > most:
		p.add("RetryAbove", n, fmt.Errorf("is above MaxHandshakes, %d", most))
	}
}

// checkKeys looks at lengths alone: no error shows a secret.
func (c *ListenConfig) checkKeys(p *problems) {
	check := func(field string, key Key) {
		if key != nil && len(key) != keyLength {
			p.add(field, "", fmt.Errorf("has %d bytes, not %d", len(key), keyLength))
		}
	}
	check("StatelessResetKey", c.StatelessResetKey)
	check("TokenKey", c.TokenKey)
}

func (p *problems) bits(field string, n, most int) {
	if n < 0 || n > most {
		p.add(field, strconv.Itoa(n), fmt.Errorf("is not from 1 to %d", most))
	}
}
