// Quic measures streams, handshakes and datagrams of package quicx beside bare quic-go with the same settings, beside
// x/net/quic, and beside TCP, as tables in Markdown.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strata-net/strata/internal/bench/turns"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "quic:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	return turns.Main(out, "quic", args, cases())
}
