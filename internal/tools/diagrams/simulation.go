package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// election is a run of examples/raftlike, and what of it is drawn. A seed has one course, to the nanosecond.
var election = []string{"-seed", "7", "-for", "2m1s", "-from", "3.06s", "-arrows", "18"}

const simulationHead = `// title: An election on a simulated network
// desc: Messages between five nodes and a client as arrows down in time, 0.35 seconds long. Node n1 asks the four others for
// desc: their votes. The message to n5 is lost and sent again 0.2 seconds later; by then n1 leads with the votes of
// desc: three others, has sent them its first entry, and three of four have acknowledged it.
// layout: neato -n
// Written by go run -C internal/tools ./diagrams from a run of examples/raftlike. DO NOT EDIT.
`

// simulation is what happens in a run.
func simulation(root string) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "diagrams")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := filepath.Join(dir, "simnet.dot")
	cmd := exec.Command("go", append([]string{"run", "./examples/raftlike", "-dot", name}, election...)...) //nolint:noctx // it ends by itself
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	drawn, err := os.ReadFile(name)
	return bytes.Join([][]byte{[]byte(simulationHead), drawn}, nil), err
}
