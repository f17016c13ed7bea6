package main

import (
	"time"

	"github.com/strata-net/strata/internal/bench/lab"
)

// asAgent in the environment makes this program an agent. Its value is the way.
const asAgent = "STRATA_BENCH_UDP_WAY"

// programs are those that agents run.
type programs struct {
	self, native string
	pinned       bool // the sender has CPU 0 for itself, and the receiver CPU 1
}

func (p programs) start(n *lab.Namespace, j job) (*lab.Process, error) {
	const busy = 30 * time.Second // what a machine that is busy may take longer
	cpu := lab.AnyCPU
	if p.pinned && j.role == sending {
		cpu = 0
	} else if p.pinned {
		cpu = 1
	}
	if j.way == yardstick {
		return lab.Start(n, cpu, j.time+busy, nil, p.native, j.args()...)
	}
	return lab.Start(n, cpu, j.time+busy, []string{asAgent + "=" + j.way}, p.self, j.args()...)
}
