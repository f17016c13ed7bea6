package dialer

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Rewrite makes a dial of one target go to another one. The result is dialled
// as it is: no other rule looks at it, so the order of rules means nothing and
// two of them may swap two targets.
//
// # What matches
//
// FromNetwork is tcp, tcp4, tcp6, udp, udp4, udp6, unix, unixgram or
// unixpacket. "tcp" also matches dials of tcp4 and tcp6, "tcp4" matches those
// of tcp4 only; the same for udp. Rules for ip are [errors.ErrUnsupported].
//
// FromAddress is host:port, for the unix networks a path, which has to be the
// same to the byte. "*" is any port and any host; "*.example.com" is every
// name below example.com, but not example.com itself. Case, a trailing dot, the
// notation of an IPv6 address and the IPv4-mapped form do not matter, and a
// service name ("https") is the same as its number.
//
// # Which rule wins
//
// The one with the most specific host: the host itself, then the longest
// "*.suffix", then "*". Among those the one with the port wins over "*", then
// "tcp4" over "tcp". Two rules that match the same and lead to different
// targets are an error in New.
//
// # Where it leads
//
// Streams (tcp, unix) lead to streams, datagrams (udp, unixgram) to datagrams,
// unixpacket to unixpacket. Where ToNetwork leaves the IP version open, that of
// the dial is kept: tcp4 goes on as tcp4. In ToAddress "*" for host or port keeps
// what was dialled. Local address and socket options are those of the network
// that is really dialled, TLS keeps the name that the caller dialled.
type Rewrite struct {
	FromNetwork, FromAddress string
	ToNetwork, ToAddress     string
}

// between is the one place where a rule can be cut in two.
var between = regexp.MustCompile(`\)[ \t]+\((?:` + strings.Join(networks, "|") + `)\|`)

// ParseRewrite reads a rule of the form
//
//	(tcp|example.com:80) (unix|/var/run/example.sock)
//
// Everything after a "|" is the address, also spaces: a unix path may have
// them. Its error is an [*Error].
func ParseRewrite(s string) (Rewrite, error) {
	r, err := parseRewrite(s)
	if err == nil {
		_, err = newRule(r)
	}
	if err != nil {
		return Rewrite{}, &Error{Op: "parse", Field: "Rewrite", Value: s, Err: err}
	}
	return r, nil
}

func parseRewrite(s string) (Rewrite, error) {
	s = strings.Trim(s, " \t\r\n")
	cuts := between.FindAllStringIndex(s, -1)
	switch {
	case !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") || len(cuts) == 0:
		return Rewrite{}, errors.New(`must be of the form "(tcp|example.com:80) (unix|/var/run/example.sock)"`)
	case len(cuts) > 1:
		// Only paths with such text in them get here.
		return Rewrite{}, errors.New("it is not clear where the first target ends: use a Rewrite value")
	}
	from, to := s[1:cuts[0][0]], s[cuts[0][0]+1:]
	to = strings.TrimLeft(to, " \t")
	var r Rewrite
	var found bool
	if r.FromNetwork, r.FromAddress, found = strings.Cut(from, "|"); !found {
		return Rewrite{}, fmt.Errorf("%q is not of the form network|address", from)
	}
	r.ToNetwork, r.ToAddress, _ = strings.Cut(to[1:len(to)-1], "|")
	return r, nil
}

// String returns what ParseRewrite reads.
func (r Rewrite) String() string {
	return fmt.Sprintf("(%s|%s) (%s|%s)", r.FromNetwork, r.FromAddress, r.ToNetwork, r.ToAddress)
}
