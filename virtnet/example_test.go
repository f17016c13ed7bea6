package virtnet_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

// The ports of a host are known beforehand: the first free one for every listener and
// every conn.
func Example() {
	network := pipenet.AsVirtNet(pipenet.New("t"))
	defer network.Close()
	alpha, err := network.NewHost(context.Background(), "α")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := alpha.Listen("")
	if err != nil {
		fmt.Println(err)
		return
	}
	dialled := make(chan error)
	go func() {
		_, err := alpha.Dial(context.Background(), ":1") // no host: the same one
		dialled <- err
	}()
	c, err := l.Accept()
	if err := errors.Join(err, <-dialled); err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println("listening at", l.Addr(), "accepted at", c.LocalAddr(), "from", c.RemoteAddr())
	// Output: listening at α:1 accepted at α:3 from α:2
}

// Errors say who was closed, and are those that programs for package net know.
func ExampleHost_Close() {
	network := pipenet.New("t")
	defer pipenet.AsVirtNet(network).Close()
	alpha := network.Host("α")
	l, err := alpha.Listen(":80")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := alpha.Close(); err != nil {
		fmt.Println(err)
		return
	}
	_, err = l.Accept()
	fmt.Println(err)
	fmt.Println(errors.Is(err, virtnet.ErrHostDown), errors.Is(err, net.ErrClosed))
	_, err = network.Host("β").Dial(context.Background(), "α:80")
	fmt.Println(err)
	// Output:
	// accept pipet α:80: host is down
	// true true
	// dial pipet β:1->α:80: connection refused
}

// The network ends with its last host.
func ExampleSubNetwork_AutoClose() {
	network := pipenet.New("t")
	alpha, beta := network.Host("α"), network.Host("β")
	pipenet.AsVirtNet(network).AutoClose()
	if err := errors.Join(alpha.Close(), beta.Close()); err != nil {
		fmt.Println(err)
		return
	}
	_, err := pipenet.AsVirtNet(network).NewHost(context.Background(), "γ")
	fmt.Println(err)
	// Output: virtnet "pipet": new host "γ": network is down
}

func ExampleParseAddr() {
	a, err := virtnet.ParseAddr("pipet", "α:80")
	fmt.Println(a.Network(), a.Host, a.Port, err)
	_, err = virtnet.ParseAddr("pipet", "α:65536")
	fmt.Println(err)
	// Output:
	// pipet α 80 <nil>
	// address α:65536: invalid port
}
