package netstack_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// host returns a stack with one address on a device.
func host(dev tunx.IPDevice, prefix string) (*netstack.Stack, error) {
	s, err := netstack.New(nil)
	if err != nil {
		return nil, err
	}
	p := netip.MustParsePrefix(prefix)
	if err := s.CreateNIC(1, dev); err != nil {
		return nil, err
	}
	if err := s.AddAddress(1, p); err != nil {
		return nil, err
	}
	return s, s.SetRouteTable([]netstack.Route{{Destination: p.Masked(), NIC: 1}})
}

// Two stacks talk over a pipe.
func ExampleStack_Dialer() {
	one, two := tunx.Pipe(1500)
	client, err := host(one, "192.0.2.1/24")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	server, err := host(two, "192.0.2.2/24")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	l, err := server.Listen("tcp", "192.0.2.2:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintf(c, "hello %v", c.RemoteAddr().(*net.TCPAddr).IP)
		_ = c.Close()
	}()

	c, err := client.Dialer().Dial("tcp", "192.0.2.2:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(c)
	fmt.Println(string(text), err)
	_ = c.Close()
	// Output: hello 192.0.2.1 <nil>
}
