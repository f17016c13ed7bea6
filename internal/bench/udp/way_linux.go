package main

import (
	"fmt"
	"slices"
)

// A way is one means to send and receive.
type way struct {
	name      string
	coalesces bool                      // with GSO and GRO
	send      func(job) (sender, error) // nil: the C program does it
	receive   func(job) (receiver, error)
}

// All ways are compared with the yardstick, and with what package net has.
const (
	yardstick = "C"
	plain     = "net.UDPConn"
)

func ways() []way {
	return []way{
		{name: yardstick, coalesces: true},
		{plain, false, newPlainSender, newPlainReceiver},
		{"x/net", false, newXNetSender, newXNetReceiver},
		{"wireguard/conn", true, newWireguardSender, newWireguardReceiver},
		{"udpbatch", true, newBatchSender, newBatchReceiver},
	}
}

func indexOf(name string) int {
	return slices.IndexFunc(ways(), func(w way) bool { return w.name == name })
}

func wayOf(name string) way { return ways()[indexOf(name)] }

func wayNamed(name string) (way, error) {
	i := indexOf(name)
	if i < 0 || ways()[i].send == nil {
		return way{}, fmt.Errorf("no way %q in Go", name)
	}
	return ways()[i], nil
}
