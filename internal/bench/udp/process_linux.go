package main

import (
	"time"

	"github.com/strata-net/strata/internal/bench/lab"
)

// asAgent in the environment makes this program an agent. Its value is the way.
const asAgent = "STRATA_BENCH_UDP_WAY"

// programs are those that agents run.
type programs struct{ self, native string }

func (p programs) start(n *lab.Namespace, j job) (*lab.Process, error) {
	const busy = 30 * time.Second // what a machine that is busy may take longer
	if j.way == yardstick {
		return lab.Start(n, j.time+busy, nil, p.native, j.args()...)
	}
	return lab.Start(n, j.time+busy, []string{asAgent + "=" + j.way}, p.self, j.args()...)
}
