package simnet_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// Two hosts with a link in between, in real time. Inside of a bubble of testing/synctest
// that would take no time at all.
func ExampleNew() {
	n, err := simnet.New(simnet.Config{Seed: 1, Names: true, Link: simnet.Link{Latency: 10 * time.Millisecond}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	ctx := context.Background()
	server, err := n.NewHost(ctx, "server")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := n.NewHost(ctx, "client")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := server.Listen(":80")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		if c, err := l.Accept(); err == nil {
			io.WriteString(c, "hello "+c.RemoteAddr().String())
			c.Close()
		}
	}()
	start := n.Now()
	c, err := client.Dial(ctx, "server:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s %v %t\n", text, err, n.Now()-start >= 30*time.Millisecond)
	// Output: hello client:1 <nil> true
}

// Profiles are links by name; a Link can also be written out.
func ExampleProfile() {
	l, err := simnet.Profile("satellite")
	fmt.Println(l.Latency, err)
	_, err = simnet.Profile("pigeon")
	fmt.Println(err != nil, len(simnet.Profiles()) > 10)
	// Output:
	// 280ms <nil>
	// true true
}

// For programs that are written for any network of package virtnet.
func ExampleAsVirtNet() {
	n, err := simnet.New(simnet.Config{Name: "t", Names: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	network := simnet.AsVirtNet(n)
	defer network.Close()
	host, err := network.NewHost(context.Background(), "α")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(host.Network(), host.Name(), n.Host("α").Addrs())
	// Output: simt α [10.0.0.1]
}
