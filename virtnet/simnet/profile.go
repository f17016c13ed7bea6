package simnet

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// profile is a row of the table.
type profile struct {
	name string
	link Link
}

// profiles are round figures for one direction, of this package's choice: a round
// trip takes twice the latency. Queues hold what makes real devices of the kind
// slow when they are full.
var profiles = []profile{
	{"ideal", Link{}},
	{"loopback", Link{Latency: 10 * time.Microsecond}},
	{"datacenter", Link{Latency: 100 * time.Microsecond, Jitter: 20 * time.Microsecond, Bandwidth: 10e9, QueueBytes: 4 << 20, MTU: 9000}},
	{"lan", Link{Latency: 200 * time.Microsecond, Jitter: 50 * time.Microsecond, Bandwidth: 1e9, QueueBytes: 512 << 10, MTU: 1500}},
	{"wifi", Link{Latency: 2 * time.Millisecond, Jitter: 4 * time.Millisecond, Loss: 0.001, Reorder: 0.0005, Bandwidth: 100e6, QueueBytes: 512 << 10, MTU: 1500}},
	{"fiber", Link{Latency: 3 * time.Millisecond, Jitter: 500 * time.Microsecond, Bandwidth: 500e6, QueueBytes: 1 << 20, MTU: 1500}},
	{"cable", Link{Latency: 10 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.0002, Bandwidth: 50e6, QueueBytes: 512 << 10, MTU: 1500}},
	{"dsl", Link{Latency: 20 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.0005, Bandwidth: 10e6, QueueBytes: 128 << 10, MTU: 1492}},
	{"wan", Link{Latency: 40 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.0001, Bandwidth: 1e9, QueueBytes: 8 << 20, MTU: 1500}},
	{"5g", Link{Latency: 10 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.0005, Bandwidth: 150e6, QueueBytes: 1 << 20, MTU: 1500}},
	{"4g", Link{Latency: 30 * time.Millisecond, Jitter: 15 * time.Millisecond, Loss: 0.001, Bandwidth: 20e6, QueueBytes: 512 << 10, MTU: 1500}},
	{"3g", Link{Latency: 100 * time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.005, Bandwidth: 1500e3, QueueBytes: 128 << 10, MTU: 1500}},
	{"2g", Link{Latency: 300 * time.Millisecond, Jitter: 150 * time.Millisecond, Loss: 0.01, Bandwidth: 200e3, QueueBytes: 64 << 10, MTU: 1500}},
	{"leo", Link{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.003, Bandwidth: 100e6, QueueBytes: 1 << 20, MTU: 1500}},
	{"satellite", Link{Latency: 280 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.002, Bandwidth: 20e6, QueueBytes: 1 << 20, MTU: 1500}},
	{"lossy", Link{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.05, Reorder: 0.02, Duplicate: 0.01, Corrupt: 0.001}},
}

// Profile returns the link of a name, for one direction:
//
//	name        latency  jitter  loss    bandwidth   queue    MTU
//	ideal       0        0       0       no bound    -        65535
//	loopback    10 µs    0       0       no bound    -        65535
//	datacenter  100 µs   20 µs   0       10 Gbit/s   4 MiB    9000
//	lan         200 µs   50 µs   0       1 Gbit/s    512 KiB  1500
//	wifi        2 ms     4 ms    0.1 %   100 Mbit/s  512 KiB  1500
//	fiber       3 ms     500 µs  0       500 Mbit/s  1 MiB    1500
//	cable       10 ms    3 ms    0.02 %  50 Mbit/s   512 KiB  1500
//	dsl         20 ms    3 ms    0.05 %  10 Mbit/s   128 KiB  1492
//	wan         40 ms    2 ms    0.01 %  1 Gbit/s    8 MiB    1500
//	5g          10 ms    5 ms    0.05 %  150 Mbit/s  1 MiB    1500
//	4g          30 ms    15 ms   0.1 %   20 Mbit/s   512 KiB  1500
//	3g          100 ms   50 ms   0.5 %   1.5 Mbit/s  128 KiB  1500
//	2g          300 ms   150 ms  1 %     200 kbit/s  64 KiB   1500
//	leo         20 ms    10 ms   0.3 %   100 Mbit/s  1 MiB    1500
//	satellite   280 ms   20 ms   0.2 %   20 Mbit/s   1 MiB    1500
//	lossy       20 ms    10 ms   5 %     no bound    -        65535
//
// wifi also holds back 0.05 % of the packets; lossy 2 %, doubles 1 % and damages
// 0.1 %. satellite is one in geostationary orbit, leo one in a low orbit. The
// figures are this package's choice, round and in no way a measurement; they stay
// within a major version.
func Profile(name string) (Link, error) {
	for _, p := range profiles {
		if p.name == name {
			return p.link, nil
		}
	}
	return Link{}, &Error{Op: "profile", Value: name, Err: fmt.Errorf("is none of %s", strings.Join(Profiles(), ", "))}
}

// Profiles returns the names that Profile knows, sorted.
func Profiles() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}
