package simnet_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/virtnet/simnet"
)

// A phone behind a NAT: the server sees the address of the router. Nobody gets in
// from outside.
func ExampleNewTopology() {
	n, err := simnet.NewTopology(simnet.Topology{
		Config: simnet.Config{Seed: 1},
		Subnets: []simnet.Subnet{
			{Name: "home", Profile: "lan", Hosts: []simnet.Place{{Name: "phone"}}},
			{Name: "world", Prefix: netip.MustParsePrefix("203.0.113.0/24"), Hosts: []simnet.Place{{Name: "server"}}},
		},
		Routers: []simnet.Router{{
			Name: "gate", Subnets: []string{"home", "world"}, Inside: []string{"home"},
			NAT: &simnet.NAT{Kind: simnet.PortRestricted},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	l, err := n.Host("server").Listen(":80")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := n.Host("phone").Dial(context.Background(), "server:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	d, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	fmt.Println(c.LocalAddr(), "is", d.RemoteAddr())
	// Output: 10.0.0.1:32768 is 203.0.113.2:39899
}

// Faults happen now, or at a time since the start of the network.
func ExampleNetwork_Apply() {
	n, err := simnet.New(simnet.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	for _, name := range []string{"a", "b", "c"} {
		if _, err := n.NewHost(context.Background(), name); err != nil {
			fmt.Println(err)
			return
		}
	}
	slow, err := simnet.Profile("satellite")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Apply(simnet.Partition([]string{"a"}, []string{"b", "c"}), simnet.SetLink("b", "c", slow)))
	fmt.Println(n.Apply(simnet.Crash("d")))
	// Output:
	// <nil>
	// simnet: fault "crash d": no host has the name "d"
}
