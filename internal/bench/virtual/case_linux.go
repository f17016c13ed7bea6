package main

import (
	"fmt"
	"io"
	"regexp"

	"github.com/strata-net/strata/internal/bench/turns"
)

// cases are what is measured: with so many idle conns, and dials while so many conns are open.
func cases(idle int, open []int) []turns.Case {
	dials := turns.Case{Name: "dial, accept, close", Unit: "conn"}
	trips := turns.Case{Name: "round trip of 64 B", Unit: "trip"}
	bulk64 := turns.Case{Name: "writes of 64 KiB", Unit: "MB"}
	bulk1 := turns.Case{Name: "writes of 1 KiB", Unit: "MB"}
	for _, w := range ways {
		dials.Ways = append(dials.Ways, turns.Way{Name: w.name, Open: w.dials})
		trips.Ways = append(trips.Ways, turns.Way{Name: w.name, Open: w.trips})
		bulk64.Ways = append(bulk64.Ways, turns.Way{Name: w.name, Open: w.bulk(64 << 10)})
		bulk1.Ways = append(bulk1.Ways, turns.Way{Name: w.name, Open: w.bulk(1 << 10)})
	}
	dials.Ways = append(dials.Ways, turns.Way{Name: lines.name, Open: lines.dials})
	trips.Ways = append(trips.Ways, turns.Way{Name: "limit: channels", Open: channels})
	bulk64.Ways = append(bulk64.Ways, turns.Way{Name: "limit: copies", Open: copies(64 << 10)})
	bulk1.Ways = append(bulk1.Ways, turns.Way{Name: "limit: copies", Open: copies(1 << 10)})
	crowd := turns.Case{Name: "dial, accept, close on pipenet", Unit: "conn"}
	for _, n := range open {
		crowd.Ways = append(crowd.Ways, turns.Way{Name: fmt.Sprintf("%d conns are open", n), Open: crowded(n)})
	}
	memory := turns.Case{Name: "idle pair of conns", Table: func(out io.Writer, name string, match *regexp.Regexp) error {
		return pairs(out, name, match, idle)
	}}
	return []turns.Case{dials, crowd, trips, bulk64, bulk1, memory}
}
