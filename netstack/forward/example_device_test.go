package forward_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// For programs that have the packets already: a device to write them to. Without a dialer
// every flow is refused.
func ExampleNewDevice() {
	device, err := forward.NewDevice(1500, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	syn := []byte{ // 10.0.0.1:1000 to 192.0.2.1:80
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0xae, 0xcd, 10, 0, 0, 1, 192, 0, 2, 1,
		0x03, 0xe8, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0xdf, 0xa7, 0, 0,
	}
	if _, err := device.Write(syn); err != nil {
		fmt.Println(err)
		return
	}
	answer := make([]byte, device.MTU())
	n, err := device.Read(answer)
	fmt.Printf("%d bytes, flags %#02x, %v\n", n, answer[33], err)
	fmt.Println(device.Close(), device.Stats().Refused)
	// Output:
	// 40 bytes, flags 0x14, <nil>
	// <nil> 1
}

// Run is New and Close in one call.
func ExampleRun() {
	ctx, cancel := context.WithCancel(context.Background())
	_, device := tunx.Pipe(1500)
	ended := make(chan error)
	go func() { ended <- forward.Run(ctx, device, nil) }()
	cancel()
	fmt.Println(errors.Is(<-ended, context.Canceled))
	// Output: true
}
