package netstack_test

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// Two stacks are connected by a pipe; one listens and the other dials.
func Example() {
	one, two := tunx.Pipe(1500)
	var stacks []*netstack.Stack
	for i, dev := range []tunx.IPDevice{one, two} {
		s, err := netstack.New(nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer s.Close()
		addr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), 24)
		if err := s.CreateNIC(1, dev); err != nil {
			fmt.Println(err)
			return
		}
		if err := s.AddAddress(1, addr); err != nil {
			fmt.Println(err)
			return
		}
		if err := s.SetRouteTable([]netstack.Route{{Destination: addr.Masked(), NIC: 1}}); err != nil {
			fmt.Println(err)
			return
		}
		stacks = append(stacks, s)
	}
	l, err := stacks[0].Listen("tcp", "10.0.0.1:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		if c, err := l.Accept(); err == nil {
			fmt.Fprintf(c, "hello %s", c.RemoteAddr().Network())
			c.Close()
		}
	}()
	c, err := stacks[1].Dial("tcp", "10.0.0.1:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s: %s %v\n", c.RemoteAddr(), text, err)
	// Output: 10.0.0.1:80: hello tcp <nil>
}
