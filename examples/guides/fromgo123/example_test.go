// Plan 9 has no ECONNREFUSED.

//go:build !plan9

package fromgo123

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// greet lets one host greet another, and says who was connected.
func greet(server, client networker, laddr string) error {
	l, err := server.Listen(laddr)
	if err != nil {
		return err
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			io.WriteString(c, "hello from "+c.LocalAddr().String())
			c.Close()
		}
	}()
	c, err := client.Dial(context.Background(), l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s to %s\n", text, c.LocalAddr())
	return err
}

// Ports are 1, 2, 3 and so on, as before.
func Example_pipenet() {
	network := pipenet.New("t")
	defer pipenet.AsVirtNet(network).Close()
	fmt.Println(greet(network.Host("abc"), network.Host("def"), ":10"))
	// Output:
	// hello from abc:1 to def:1
	// <nil>
}

// The parts of a network find each other by its name.
func Example_lonet() {
	ctx := context.Background()
	one, err := lonet.Join(ctx, "") // a random name
	if err != nil {
		fmt.Println(err)
		return
	}
	defer one.Close()
	other, err := lonet.Join(ctx, strings.TrimPrefix(one.Network(), "lonet")) // in another process
	if err != nil {
		fmt.Println(err)
		return
	}
	defer other.Close()
	abc, err := one.NewHost(ctx, "abc")
	if err != nil {
		fmt.Println(err)
		return
	}
	def, err := other.NewHost(ctx, "def")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(greet(abc, def, ":10"))
	// Output:
	// hello from abc:1 to def:1
	// <nil>
}

// The same on a simulated network. A conn that was accepted has its listener's port there.
func Example_simnet() {
	n, err := simnet.New(simnet.Config{Names: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	network := simnet.AsVirtNet(n)
	defer network.Close()
	abc, err := network.NewHost(context.Background(), "abc")
	if err != nil {
		fmt.Println(err)
		return
	}
	def, err := network.NewHost(context.Background(), "def")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(greet(abc, def, ":10"))
	// Output:
	// hello from abc:10 to def:1
	// <nil>
}

// In production the network is the system's.
func Example_system() {
	d, err := dialer.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	host := system{"localhost", d}
	c, err := host.Dial(context.Background(), "127.0.0.1:1")
	fmt.Println(c == nil, errors.Is(err, syscall.ECONNREFUSED))
	l, err := host.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Close())
	// Output:
	// true true
	// <nil>
}

// Causes are found with errors.Is, and are those of package net as well.
func Example_errors() {
	network := pipenet.AsVirtNet(pipenet.New("t"))
	defer network.Close()
	abc, err := network.NewHost(context.Background(), "abc")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = abc.Dial(context.Background(), "abc:10")
	fmt.Println(errors.Is(err, virtnet.ErrConnRefused), errors.Is(err, syscall.ECONNREFUSED))

	_, err = network.NewHost(context.Background(), "abc")
	registry, ok := errors.AsType[*virtnet.RegistryError](err)
	fmt.Println(errors.Is(err, virtnet.ErrHostDup), ok, registry.Op)

	l, err := abc.Listen(":10")
	if err != nil {
		fmt.Println(err)
		return
	}
	abc.Close()
	_, err = l.Accept()
	fmt.Println(errors.Is(err, virtnet.ErrHostDown), errors.Is(err, net.ErrClosed))
	// Output:
	// true true
	// true true announce
	// true true
}
