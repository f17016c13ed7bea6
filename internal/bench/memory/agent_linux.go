package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// asAgent in the environment makes this program a server or a client. Its value is the way. The arguments are "serve",
// the number of conns and the mode, or "dial", the number, the mode, the address and the last byte of the source address.
const asAgent = "STRATA_BENCH_MEMORY_WAY"

func agent(in io.Reader, out io.Writer, name string, args []string) error {
	if len(args) < 3 {
		return errors.New("too few arguments for an agent")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	m, err := modeNamed(args[2])
	if err != nil {
		return err
	}
	switch args[0] {
	case "serve":
		w, err := m.way(name)
		if err != nil {
			return err
		}
		return serve(in, out, w, m, n)
	case "dial":
		source, err := strconv.ParseUint(args[len(args)-1], 10, 8)
		if err != nil {
			return err
		}
		return dialAll(in, out, m, n, args[3], byte(source))
	}
	return fmt.Errorf("agent %q: want serve or dial", args[0])
}
