package pcap_test

import (
	"fmt"
	"io"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/pcap"
)

// Capture what passes through a device, a file or the pipe of a tshark -i - in place of
// io.Discard.
func ExampleTap() {
	device, peer := tunx.Pipe(1500)
	tapped, capture, err := pcap.Tap(device, io.Discard, &pcap.Config{SnapLen: 128})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tapped.Close()
	ping := []byte{0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0x66, 0xdd, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0xf7, 0xff, 0, 0, 0, 0}
	if _, err := peer.Write(ping); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := tapped.Read(make([]byte, 1500)); err != nil {
		fmt.Println(err)
		return
	}
	if err := capture.Close(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", capture.Stats())
	// Output:
	// {Packets:1 Dropped:0 Bytes:28}
}
