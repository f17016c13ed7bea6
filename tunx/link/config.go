package link

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Config says what an interface is to have. Whatever it has besides stays.
type Config struct {
	// Name is the name of the interface, which must be there.
	Name string

	// Netns is the network namespace of the interface: a name of ip-netns(8), or the
	// path of a file when it has a slash. Empty is that of the process. Needs
	// CAP_SYS_ADMIN.
	Netns string

	// MTU is the length of the longest packet in bytes, from 68 to 65535. 0 leaves it.
	MTU int

	// Addrs are the addresses, each with the length of its network's prefix. One that
	// the interface has already is an error.
	Addrs []netip.Prefix

	// Routes lead through the interface, and are added in this order.
	Routes []Route

	// Rules choose the routing tables of packets, and are added in this order.
	Rules []Rule
}

// Route is a route through the interface.
type Route struct {
	// To is where it leads. 0.0.0.0/0 and ::/0 are everywhere.
	To netip.Prefix
	// Via is the next router. The zero value is none: the interface leads there itself.
	Via netip.Addr
	// Source is the address that packets come from. The zero value lets the kernel choose.
	Source netip.Addr
	// Metric is how costly the route is: of several the lowest is taken. 0 is the
	// kernel's, 0 for IPv4 and 1024 for IPv6.
	Metric uint32
	// Table is the routing table, 0 the main one.
	Table uint32
}

// String returns the route as ip-route(8) writes it.
func (r Route) String() string {
	var b strings.Builder
	b.WriteString(r.To.String())
	if r.Via.IsValid() {
		b.WriteString(" via " + r.Via.String())
	}
	if r.Source.IsValid() {
		b.WriteString(" src " + r.Source.String())
	}
	for _, n := range []struct {
		word  string
		value uint32
	}{{" metric ", r.Metric}, {" table ", r.Table}} {
		if n.value != 0 {
			b.WriteString(n.word + strconv.FormatUint(uint64(n.value), 10))
		}
	}
	return b.String()
}

// Rule says that the packets which it matches are routed by a table. It concerns the
// whole namespace, not only the interface.
type Rule struct {
	// Priority orders the rules, the lowest first: from 1 to 4294967295. That of the main
	// table's is 32766.
	Priority uint32
	// Table is the routing table, not 0.
	Table uint32
	// From and To are the packets' addresses. The zero value is any, but one of the two
	// must say whether the rule is for IPv4 or IPv6.
	From, To netip.Prefix
	// Mark is the mark of the packets' sockets (SO_MARK), 0 any.
	Mark uint32
	// Not inverts the rule: it is for all packets that it does not match.
	Not bool
}

// String returns the rule as ip-rule(8) writes it.
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "priority %d", r.Priority)
	if r.Not {
		b.WriteString(" not")
	}
	if r.From.IsValid() {
		b.WriteString(" from " + r.From.String())
	}
	if r.To.IsValid() {
		b.WriteString(" to " + r.To.String())
	}
	if r.Mark != 0 {
		fmt.Fprintf(&b, " fwmark %#x", r.Mark)
	}
	fmt.Fprintf(&b, " table %d", r.Table)
	return b.String()
}

const (
	minMTU   = 68 // RFC 791; the kernel's least
	maxMTU   = 65535
	minMTUv6 = 1280 // RFC 8200
)

var errZone = errors.New("must be without zone")

// validate joins what is wrong, each with its field.
func (c *Config) validate() error {
	var errs []error
	bad := func(field string, value any, err error) {
		if err != nil {
			errs = append(errs, &Error{Op: "config", Name: c.Name, Field: field, Value: fmt.Sprint(value), Err: err})
		}
	}
	if c.Name == "" {
		bad("Name", `""`, errors.New("must not be empty"))
	}
	bad("MTU", c.MTU, c.checkMTU())
	for i, a := range c.Addrs {
		if !a.IsValid() {
			bad(fmt.Sprintf("Addrs[%d]", i), a, errors.New("is no address with the length of a prefix"))
		}
	}
	for i, r := range c.Routes {
		bad(fmt.Sprintf("Routes[%d]", i), r, r.check())
	}
	for i, r := range c.Rules {
		bad(fmt.Sprintf("Rules[%d]", i), r, r.check())
	}
	return errors.Join(errs...)
}

func (c *Config) checkMTU() error {
	if c.MTU != 0 && (c.MTU < minMTU || c.MTU > maxMTU) {
		return fmt.Errorf("must be 0, or from %d to %d bytes", minMTU, maxMTU)
	}
	for _, a := range c.Addrs {
		if c.MTU != 0 && c.MTU < minMTUv6 && a.Addr().Is6() {
			return fmt.Errorf("must be at least %[2]d bytes for IPv6: Addrs has %[1]s", a, minMTUv6)
		}
	}
	return nil
}

func (r Route) check() error {
	if !r.To.IsValid() {
		return errors.New("the destination must be a prefix")
	}
	if r.To != r.To.Masked() {
		return fmt.Errorf("has bits behind its prefix: %s is meant", r.To.Masked())
	}
	for _, a := range []netip.Addr{r.Via, r.Source} {
		switch {
		case a.IsValid() && a.Is4() != r.To.Addr().Is4():
			return fmt.Errorf("%s is of another version of IP than %s", a, r.To)
		case a.Zone() != "":
			return errZone
		}
	}
	return nil
}

func (r Rule) check() error {
	switch {
	case r.Priority == 0:
		return errors.New("the priority must not be 0")
	case r.Table == 0:
		return errors.New("the table must not be 0")
	case !r.From.IsValid() && !r.To.IsValid():
		return errors.New("has neither From nor To: 0.0.0.0/0 and ::/0 are any address")
	case r.From.IsValid() && r.To.IsValid() && r.From.Addr().Is4() != r.To.Addr().Is4():
		return errors.New("has addresses of both versions of IP")
	case r.From != r.From.Masked() || r.To != r.To.Masked():
		return errors.New("has bits behind its prefix")
	}
	return nil
}
