package virtnet_test

import (
	"context"
	"fmt"
	"net"

	"github.com/strata-net/strata/virtnet"
)

// An engine of pipes, for hosts of one subnetwork that always exist.
type pipes struct{ virtnet.Notifier }

func (*pipes) VNetNewHost(ctx context.Context, name string, r virtnet.Registry) error {
	return r.Announce(ctx, name, "")
}

func (p *pipes) VNetDial(ctx context.Context, src, dst *virtnet.Addr, _ string) (net.Conn, *virtnet.Addr, error) {
	here, there := net.Pipe()
	a, err := p.VNetAccept(ctx, src, dst, there)
	if err != nil {
		here.Close()
		there.Close()
		return nil, nil, err
	}
	a.Ack <- nil
	return here, a.Addr, nil
}

func (*pipes) Close() error { return nil }

type everybody struct{}

func (everybody) Announce(context.Context, string, string) error { return nil }
func (everybody) Query(context.Context, string) (string, error)  { return "", nil }
func (everybody) Close() error                                   { return nil }

// An engine and a registry are a network. Package virtnettest says whether it is one.
func ExampleNewSubNetwork() {
	engine := &pipes{}
	var network *virtnet.SubNetwork
	network, engine.Notifier = virtnet.NewSubNetwork("mine", engine, everybody{})
	defer network.Close()

	host, err := network.NewHost(context.Background(), "α")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := host.Listen(":80")
	if err != nil {
		fmt.Println(err)
		return
	}
	go l.Accept()
	c, err := host.Dial(context.Background(), "α:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.LocalAddr().Network(), c.LocalAddr(), c.RemoteAddr())
	// Output: mine α:1 α:2
}
