package main

import "fmt"

// A way carries traffic from a client to a server.
type way struct {
	name   string
	target string
	// open starts what runs in the gateway. nil is the kernel alone.
	open func(*spaces) (*ends, error)
	// here says that both ends are in the way's own process, there that the server is.
	here, there bool
	// reference is the one that the others are compared with.
	reference bool
}

// ends are those that a way has in its process. A nil one is the kernel's, in the client's or server's namespace.
type ends struct {
	listen listenFunc
	dial   dialFunc
}

var ways = []way{
	{name: "veth", target: direct},
	{name: "veth, the gateway's kernel forwards", target: routed},
	{name: "copy between two TUNs", target: copied, open: openCopy(false)},
	{name: "copy, virtio-net headers", target: copied, open: openCopy(true), reference: true},
	{name: "gVisor: gonet, fdbased on a TUN", target: tunneled, open: openGonetTUN, there: true},
	{name: "gVisor: gonet, two stacks, its pipe", target: tunneled, open: openGonetPipe, here: true},
	{name: "netstack on a TUN", target: tunneled, open: openStackTUN(true), there: true},
	{name: "netstack on a TUN without offload", target: tunneled, open: openStackTUN(false), there: true},
	{name: "netstack: two stacks, tunx.Pipe", target: tunneled, open: openStackPipe, here: true},
	{name: "forwarder", target: dialled, open: openForward(true)},
	{name: "forwarder, TUN without offload", target: dialled, open: openForward(false)},
}

func wayNamed(name string) (way, error) {
	for _, w := range ways {
		if w.name == name && w.open != nil {
			return w, nil
		}
	}
	return way{}, fmt.Errorf("no way is called %q", name)
}
