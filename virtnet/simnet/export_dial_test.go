package simnet

import (
	"context"
	"net/netip"

	"github.com/strata-net/strata/virtnet"
)

// Engine and Registry are what package virtnet sees of a network.
func Engine(n *Network) virtnet.Engine     { return (*engine)(n) }
func Registry(n *Network) virtnet.Registry { return (*registry)(n) }

// HalfCrash does the first half of Crash: the host is down, its listeners are there
// still.
func HalfCrash(h *Host) { h.goDown(hostCrashed, hostDown) }

// DialDirect is Dial from the moment when it is known that the other host was up.
func DialDirect(ctx context.Context, h, to *Host, remote netip.AddrPort) error {
	if _, why := h.dialDirect(ctx, h.net.fabric.gen.Load(), to, h.addrs[0], remote); why != 0 {
		return h.net.err(why, "connect")
	}
	return nil
}
