package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
)

// ready is a server's first line.
type ready struct {
	Address string `json:"address"`
}

// report is a server's last line: by how much the bytes and objects grew that are in use.
type report struct {
	Heap    int64 `json:"heap"`
	Stack   int64 `json:"stack"`
	Objects int64 `json:"objects"`
}

// A mode is what the server does with a conn.
type mode struct {
	name string
	hold func(net.Conn, *sync.WaitGroup)
}

func modes() []mode {
	return []mode{
		{"a conn that is held", func(net.Conn, *sync.WaitGroup) {}},
		{"a conn that a goroutine reads from", func(c net.Conn, started *sync.WaitGroup) {
			started.Add(1)
			go func() {
				started.Done()
				_, _ = c.Read(make([]byte, 1)) // until the client closes
				c.Close()
			}()
		}},
	}
}

// serve is the main function of a server: it accepts n conns, and says what they cost when it is asked.
func serve(in io.Reader, out io.Writer, w way, m mode, n int) error {
	l, err := w.listen()
	if err != nil {
		return err
	}
	defer l.Close()
	lines := bufio.NewReader(in)
	conns := make([]net.Conn, 0, n) // the list is no cost of the conns
	before := inUse()
	if err := json.NewEncoder(out).Encode(ready{l.Addr().String()}); err != nil {
		return err
	}
	var started sync.WaitGroup
	for range n {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		conns = append(conns, c)
		m.hold(c, &started)
	}
	started.Wait()
	if _, err := lines.ReadString('\n'); err != nil {
		return err
	}
	after := inUse()
	r := report{after.Heap - before.Heap, after.Stack - before.Stack, after.Objects - before.Objects}
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, lines)
	runtime.KeepAlive(conns)
	return err
}

func inUse() report {
	runtime.GC()
	runtime.GC() // what finalizers and pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return report{int64(m.HeapInuse), int64(m.StackInuse), int64(m.HeapObjects)} //nolint:gosec // far from 2^63
}

func modeNamed(name string) (mode, error) {
	for _, m := range modes() {
		if m.name == name {
			return m, nil
		}
	}
	return mode{}, fmt.Errorf("no mode %q", name)
}
