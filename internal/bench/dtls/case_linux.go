package main

import (
	"fmt"
	"slices"

	"github.com/strata-net/strata/internal/bench/turns"
)

// A way has a client and a server, each of some library. plain has neither.
type way struct {
	name           string
	client, server kind
}

type kind uint8

const (
	pion      kind = iota // as the library does it alone
	connected             // pion, with a socket that is connected: a client only
	ours
	plain // UDP
)

// ways begin with what the others are compared with.
var ways = []way{
	{"pion/dtls", pion, pion},
	{"pion/dtls, connected socket", connected, pion},
	{"dtlsx dialer", ours, pion},
	{"dtlsx listener", pion, ours},
	{"dtlsx both", ours, ours},
}

// few are fewer datagrams than a socket's buffer holds.
const few = 32

func cases() []turns.Case {
	free := turns.Case{Name: "datagrams of 1200 B", Unit: "datagram", Lossy: true}
	bound := turns.Case{Name: fmt.Sprintf("datagrams of 1200 B, %d on their way at most", few), Unit: "datagram"}
	trips := turns.Case{Name: "round trips of 100 B", Unit: "trip"}
	for _, w := range append(slices.Clip(ways), way{"UDP", plain, plain}) {
		free.Ways = append(free.Ways, turns.Way{Name: w.name, Open: turns.Datagrams(w.datagrams, 0)})
		bound.Ways = append(bound.Ways, turns.Way{Name: w.name, Open: turns.Datagrams(w.datagrams, few)})
		trips.Ways = append(trips.Ways, turns.Way{Name: w.name, Open: w.trips})
	}
	list := []turns.Case{free, bound, trips}
	for _, p := range []struct {
		name string
		proof
	}{{"handshake, certificate", certificate}, {"handshake, PSK", psk}, {"handshake, resumed", resumed}} {
		c := turns.Case{Name: p.name, Unit: "conn"}
		for _, w := range ways {
			c.Ways = append(c.Ways, turns.Way{Name: w.name, Open: w.handshakes(p.proof)})
		}
		list = append(list, c)
	}
	return list
}
