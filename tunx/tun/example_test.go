package tun_test

import (
	"fmt"
	"net/netip"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// Make an interface, lead a network to it, and see what programs send there.
func ExampleOpen() { //nolint:testableexamples // needs privilege
	dev, err := tun.Open(&tun.Config{Name: "vpn%d"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	l, err := link.Setup(&link.Config{
		Name:   dev.Name(),
		Addrs:  []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")},
		Routes: []link.Route{{To: netip.MustParsePrefix("192.0.2.0/24")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	for p := make([]byte, dev.MTU()); ; {
		n, err := dev.Read(p)
		if err != nil {
			return
		}
		fmt.Printf("%d bytes of IPv%d\n", n, p[0]>>4)
	}
}

// Carry packets of up to 64 KiB from one interface to another, each queue by itself.
func ExampleDevice_Queues() { //nolint:testableexamples // needs privilege
	var devices [2]*tun.Device
	for i, namespace := range []string{"red", "blue"} {
		dev, err := tun.Open(&tun.Config{Queues: 2, Netns: namespace})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer dev.Close()
		devices[i] = dev
	}
	done := make(chan error)
	for i, from := range devices[0].Queues() {
		go func() {
			done <- carry(from.(tunx.OffloadDevice), devices[1].Queues()[i].(tunx.OffloadDevice))
		}()
	}
	fmt.Println(<-done)
}

func carry(from, to tunx.OffloadDevice) error {
	for p := make([]byte, from.MaxSegment()); ; {
		n, offload, err := from.ReadOffload(p)
		if err != nil {
			return err
		}
		if _, err := to.WriteOffload([][]byte{p[:n]}, offload); err != nil {
			return err
		}
	}
}
