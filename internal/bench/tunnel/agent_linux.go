package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/strata-net/strata/internal/bench/lab"
)

// asAgent in the environment makes this program an agent. Its value is the role.
const asAgent = "STRATA_BENCH_TUNNEL"

// The roles: a server on the kernel's sockets, a client on them, and a way.
const (
	serving  = "serve"
	loading  = "load"
	carrying = "way"
)

// job is what an agent is for. An agent prints a line when it is ready. Then a client does its work at the first line
// of its standard input and prints the result; so does a way that has both ends. All others answer each line with a
// report. They end with their input.
type job struct {
	Kind    string        `json:"kind"`    // of traffic
	N       int           `json:"n"`       // flows at the same time
	Down    bool          `json:"down"`    // from the server to the client
	Time    time.Duration `json:"time"`    // that it takes
	Target  string        `json:"target"`  // the server's address
	Way     string        `json:"way"`     // by its name
	Client  string        `json:"client"`  // the client's namespace
	Server  string        `json:"server"`  // the server's namespace
	Profile string        `json:"profile"` // the beginning of the names of files with profiles
}

// result is what a client has seen. Elapsed is the time in which it has.
type result struct {
	Elapsed   int64 `json:"elapsed"` // nanoseconds
	CPU       int64 `json:"cpu"`     // nanoseconds of this process meanwhile
	Bytes     int64 `json:"bytes"`
	Datagrams int64 `json:"datagrams"`
	Conns     int64 `json:"conns"`
}

func start(n *lab.Namespace, role string, j job) (*lab.Process, error) {
	const busy = time.Minute // what a machine that is busy may take longer
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	p, err := lab.Start(n, lab.AnyCPU, j.Time+busy, []string{asAgent + "=" + role}, "/proc/self/exe", string(text))
	if err != nil {
		return nil, err
	}
	return p, p.Line(&struct{}{})
}

// agent is the main function of this program when it is called as one.
func agent(in io.Reader, out io.Writer, role string, args []string) error {
	var j job
	if len(args) != 1 {
		return errors.New("an agent has one argument")
	}
	if err := json.Unmarshal([]byte(args[0]), &j); err != nil {
		return err
	}
	a := &agency{job: j, lines: bufio.NewScanner(in), out: json.NewEncoder(out), served: &server{}}
	switch role {
	case serving:
		return a.serve()
	case loading:
		return a.load(kernelDial)
	case carrying:
		return a.carry()
	}
	return fmt.Errorf("agent %q: want %s, %s or %s", role, serving, loading, carrying)
}

// agency is a running agent.
type agency struct {
	job
	lines  *bufio.Scanner
	out    *json.Encoder
	served *server
}

func (a *agency) serve() error {
	if err := a.served.open(kernelListen); err != nil {
		return err
	}
	return a.answer()
}

func (a *agency) load(dial dialFunc) error {
	if err := a.out.Encode(struct{}{}); err != nil || !a.lines.Scan() {
		return err
	}
	r, err := a.traffic(dial)
	if err != nil {
		return err
	}
	if err := a.out.Encode(r); err != nil {
		return err
	}
	a.lines.Scan() // idle flows stay until the input ends
	return nil
}

func (a *agency) carry() error {
	w, err := wayNamed(a.Way)
	if err != nil {
		return err
	}
	s, err := a.spaces()
	if err != nil {
		return err
	}
	e, err := w.open(s)
	if err != nil {
		return err
	}
	if e.listen != nil {
		if err := a.served.open(e.listen); err != nil {
			return err
		}
	}
	stop, err := a.profile()
	if err != nil {
		return err
	}
	if err = a.drive(e); err != nil {
		return err
	}
	return stop()
}

// drive makes a way with both ends its own client, between the first report and the others.
func (a *agency) drive(e *ends) error {
	if e.dial == nil {
		return a.answer()
	}
	if err := a.out.Encode(struct{}{}); err != nil || !a.lines.Scan() {
		return err
	}
	if err := a.report(); err != nil || !a.lines.Scan() {
		return err
	}
	r, err := a.traffic(e.dial)
	if err != nil {
		return err
	}
	if err := a.out.Encode(r); err != nil {
		return err
	}
	return a.reports()
}

func (a *agency) answer() error {
	if err := a.out.Encode(struct{}{}); err != nil {
		return err
	}
	return a.reports()
}

func (a *agency) reports() error {
	for a.lines.Scan() {
		if err := a.report(); err != nil {
			return err
		}
	}
	return a.lines.Err()
}

func (a *agency) report() error {
	r := report{Bytes: a.served.bytes.Load(), Datagrams: a.served.datagrams.Load()}
	return errors.Join(r.look(a.Kind == idle), a.out.Encode(r))
}

// spaces are the namespaces in which a way has its devices.
type spaces struct{ client, server *lab.Namespace }

func (j job) spaces() (*spaces, error) {
	client, errClient := lab.NamespaceAt(j.Client)
	server, errServer := lab.NamespaceAt(j.Server)
	return &spaces{client, server}, errors.Join(errClient, errServer)
}

// profile writes profiles until the function that it returns is called.
func (j job) profile() (stop func() error, err error) {
	if j.Profile == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(filepath.Clean(j.Profile + ".cpu"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Clean(j.Profile + ".heap"))
		if err != nil {
			return err
		}
		runtime.GC()
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), cpu.Close())
	}, nil
}
