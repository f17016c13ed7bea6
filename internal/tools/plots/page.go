package main

import (
	"bytes"
	"fmt"

	"github.com/strata-net/strata/internal/tools/results"
)

const pageHead = `<!-- Written by go run -C internal/tools ./plots. DO NOT EDIT. -->

# Plots

What [` + "`internal/bench`" + `](../../internal/bench/README.md) measured: what the SDK costs beside the same work with the
library below it. That page says what each program does and what its columns mean; compare ratios, not rates, and look at
the middle half, the thin line on a bar, between which half of the rounds were. All is of one virtual machine with two
processors.

The raw data is beside the plots, in [data](data): the tables with machine, versions, date and command. To measure again,
and to draw:

` + "```sh" + `
GOWORK=off go run -C internal/tools ./measure -o docs/plots/data/quic.json go run ./internal/bench/quic -rounds 4
GOWORK=off go run -C internal/tools ./measure   # takes what is written down in internal/bench
GOWORK=off go run -C internal/tools ./plots     # draws; -check compares
` + "```" + `
`

// page shows all charts.
func page(sets map[string]*results.Set) []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, c := range charts {
		command := ""
		if set := sets[c.data]; set != nil {
			command = set.Command
		}
		fmt.Fprintf(&b, "\n## %s\n\n![%s](%s.svg)\n\n[Data](data/%s.json) of `%s`\n", c.title, c.title, c.name, c.data, command)
	}
	return b.Bytes()
}
