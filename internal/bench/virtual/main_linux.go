// Virtual measures virtual networks, pipes and loopback sockets beside each other, as tables in Markdown. It is a module
// of its own, outside of go.work, for the sake of one package of gRPC's module, which requires thirty others.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strata-net/strata/internal/bench/turns"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "virtual:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	return turns.Main(out, "virtual", args, cases(10_000, []int{1000, 8000, 32_000}))
}
