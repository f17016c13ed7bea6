package netstack_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/strata-net/strata/netstack"
)

// Endpoints never wait by themselves; Notify tells when something can be done.
func ExampleEndpoint() {
	s, err := netstack.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := s.CreateNIC(1, netstack.Loopback); err != nil {
		log.Fatal(err)
	}
	at := netstack.FullAddress{Addr: netip.MustParseAddr("127.0.0.1"), Port: 53}

	server, err := s.NewEndpoint(netstack.UDP, netstack.IPv4)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Bind(at, nil); err != nil {
		log.Fatal(err)
	}
	ready := make(chan struct{}, 1)
	stop := server.Notify(netstack.EventIn, func(netstack.EventMask) {
		select {
		case ready <- struct{}{}:
		default:
		}
	})

	client, err := s.NewEndpoint(netstack.UDP, netstack.IPv4)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.SendMsg([]byte("hello"), &netstack.Message{
		To: at, ControlMessages: netstack.ControlMessages{TTL: 7},
	}); err != nil {
		log.Fatal(err)
	}

	p := make([]byte, 1500)
	var m netstack.Message
	n, err := server.RecvMsg(p, &m)
	for errors.Is(err, netstack.ErrWouldBlock) {
		<-ready
		n, err = server.RecvMsg(p, &m)
	}
	fmt.Printf("%s from %v to %v, TTL %d, %v\n", p[:n], m.From.Addr, m.To, m.TTL, err)
	stop()
	if err := s.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: hello from 127.0.0.1 to 127.0.0.1:53 at NIC 1, TTL 7, <nil>
}
