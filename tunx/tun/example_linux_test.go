package tun_test

import (
	"fmt"

	"github.com/strata-net/strata/tunx/tun"
)

// All that is wrong with a config is told at once, before anything is opened.
func ExampleConfig() {
	_, err := tun.Open(&tun.Config{Name: "a name that is too long", MTU: 60, Queues: 1000})
	fmt.Println(err)
	// Output:
	// tun: config: Name="a name that is too long": is longer than 15 bytes
	// tun: config: MTU=60: must be 0, or from 68 to 65535 bytes
	// tun: config: Queues=1000: must be from 0 to 256
}
