// Dtls measures datagrams, round trips and handshakes of package dtlsx beside bare pion/dtls with the same settings, as
// tables in Markdown.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strata-net/strata/internal/bench/turns"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dtls:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	return turns.Main(out, "dtls", args, cases())
}
