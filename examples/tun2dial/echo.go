package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/strata-net/strata/dialer"
)

// pingTime is how long an answer is waited for.
const pingTime = 5 * time.Second

// A pinger sends real pings for those that come through the device. It needs
// CAP_NET_RAW.
type pinger struct{ dialer dialer.Dialer }

// newPinger pings from where conns are opened.
func newPinger(o *wayOptions) (*pinger, error) {
	d, err := dialer.New(&dialer.Config{Netns: o.from})
	return &pinger{d}, err
}

// version is what differs between the versions of IP.
type version struct {
	network string
	proto   int
	ask     icmp.Type
	reply   icmp.Type
}

func versionOf(a netip.Addr) version {
	if a.Is4() {
		return version{"ip4:icmp", 1, ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply}
	}
	return version{"ip6:ipv6-icmp", 58, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply}
}

// ping sends data to an address and waits until it comes back.
func (p *pinger) ping(ctx context.Context, to netip.Addr, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	v := versionOf(to)
	c, err := p.dialer.DialContext(ctx, v.network, to.String())
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent := &icmp.Echo{ID: int(rand.Uint32() & 0xffff), Seq: 1, Data: data} //nolint:gosec // tells two pings apart
	m := icmp.Message{Type: v.ask, Body: sent}
	b, err := m.Marshal(nil) // the kernel adds the checksum of IPv6 (RFC 3542 section 3.1)
	if err != nil {
		return err
	}
	if _, err := c.Write(b); err != nil {
		return err
	}
	return awaitEcho(c, v, sent)
}

// awaitEcho reads until the answer is there: a raw socket sees those to all others.
func awaitEcho(c net.Conn, v version, sent *icmp.Echo) error {
	raw, ok := c.(*net.IPConn) // whose Read leaves the header of IPv4 in place
	if !ok {
		return fmt.Errorf("%T: %w", c, errors.ErrUnsupported)
	}
	buf := make([]byte, 1<<16)
	for {
		n, _, err := raw.ReadFromIP(buf)
		if err != nil {
			return err
		}
		m, err := icmp.ParseMessage(v.proto, buf[:n])
		if err != nil || m.Type != v.reply {
			continue
		}
		if e, ok := m.Body.(*icmp.Echo); ok && e.ID == sent.ID && e.Seq == sent.Seq && bytes.Equal(e.Data, sent.Data) {
			return nil
		}
	}
}
