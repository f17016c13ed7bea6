package fromoutline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnstruncate"
)

// The stack is a device, and the loops that copy packets stay what they are.
func Example_device() {
	server, err := hello()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	programs, tun := tunx.Pipe(1500) // tun is in the place of the interface

	device, err := forward.NewDevice(1500, &forward.Config{
		Streams: streams(oldDialer{server.Addr()}),
		Packets: packets{oldProxy{}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	go io.CopyBuffer(device, tun, make([]byte, tun.MTU()))
	go io.CopyBuffer(tun, device, make([]byte, device.MTU()))

	s, err := newClient(programs)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	c, err := s.Dial("tcp", "192.0.2.1:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(c)
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// dialled 192.0.2.1:80
	// hello <nil>
}

// Without loops: the forwarder has the interface, with its offloads and queues.
func Example_forwarder() {
	server, err := hello()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	programs, tun := tunx.Pipe(1500)

	truncate, err := dnstruncate.NewPacketProxy() // a network without UDP
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := forward.New(tun, &forward.Config{
		Streams: tunx.StreamDialerFrom(&net.Dialer{}), // or any dialer of Strata
		Packets: truncate,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()

	// Later: another network, another way out. Sessions and flows that are there stay.
	direct, err := tunx.NewPacketProxyFromPacketListener(
		tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"),
		tunx.WithPacketListenerWriteIdleTimeout(time.Minute),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	f.SetStreamDialer(streams(oldDialer{server.Addr()}))
	fmt.Println(f.SetPacketProxy(direct))

	s, err := newClient(programs)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	c, err := s.DialContext(context.Background(), "tcp", "192.0.2.1:443")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(c)
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// <nil>
	// dialled 192.0.2.1:443
	// hello <nil>
}

// Errors are compared as before, and also with those of the standard library.
func Example_errors() {
	truncate, err := dnstruncate.NewPacketProxy()
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := truncate.NewSession(ignore{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = session.WriteTo([]byte("x"), netip.MustParseAddrPort("192.0.2.1:443"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, tunx.ErrPortUnreachable))
	session.Close()
	_, err = session.WriteTo([]byte("x"), netip.MustParseAddrPort("192.0.2.1:53"))
	fmt.Println(errors.Is(err, tunx.ErrClosed), errors.Is(err, net.ErrClosed))
	// Output:
	// tunx: dns: destination=192.0.2.1:443: port is not reachable
	// true
	// true true
}

// ignore takes answers and forgets them.
type ignore struct{}

func (ignore) WriteFrom(p []byte, _ net.Addr) (int, error) { return len(p), nil }
func (ignore) Close() error                                { return nil }
