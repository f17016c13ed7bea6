package tun

import "fmt"

var errQueues = fmt.Errorf("must be from 0 to %d", maxQueues)

func (*Config) unsupported() []error { return nil }
