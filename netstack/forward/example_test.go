package forward_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// The packets of a client, here a second stack in the place of a TUN interface, become conns
// that a dialer makes.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer server.Close()

	clients, device := tunx.Pipe(1500)
	f, err := forward.New(device, &forward.Config{
		Streams: tunx.StreamDialerFunc(func(ctx context.Context, address string) (tunx.StreamConn, error) {
			fmt.Println("dial", address)
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", server.Listener.Addr().String())
			if err != nil {
				return nil, err
			}
			return c.(*net.TCPConn), nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()

	s, err := netstack.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.CreateNIC(1, clients); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.AddAddress(1, netip.MustParsePrefix("10.0.0.1/24")); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}}); err != nil {
		fmt.Println(err)
		return
	}
	c, err := s.Dial("tcp", "192.0.2.1:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n")
	line, _ := bufio.NewReader(c).ReadString('\n')
	fmt.Print(line)
	// Output:
	// dial 192.0.2.1:80
	// HTTP/1.0 200 OK
}
