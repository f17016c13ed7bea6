// Command quicserver is a QUIC server in a process of its own, so that its memory can be told. It sends back what comes in
// each stream. It prints lines of JSON: first a Ready, then a Report for each line of its standard input, with which it
// ends.
//
//	quicserver ADDRESS RETRY
//
// RETRY is a quicx.RetryPolicy in words.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// Ready is where the server is, and the roots in PEM for server.test.
type Ready struct {
	Address string `json:"address"`
	Roots   []byte `json:"roots"`
}

// A Report is how the server is, after a garbage collection.
type Report struct {
	RSS   int64       `json:"rss"`  // bytes, as the kernel counts them
	Peak  int64       `json:"peak"` // of RSS
	Stats quicx.Stats `json:"stats"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "quicserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%d arguments, want ADDRESS RETRY", len(args))
	}
	ready, l, err := listen(args[0], args[1])
	if err != nil {
		return err
	}
	go serve(l)
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(ready); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		r, err := report(l)
		if err == nil {
			err = out.Encode(r)
		}
		if err != nil {
			return err
		}
	}
	return l.Close()
}

func listen(address, retry string) (*Ready, *quicx.Listener, error) {
	policy := quicx.RetryUnderLoad
	for ; policy.String() != retry; policy++ {
		if policy > quicx.RetryAlways {
			return nil, nil, fmt.Errorf("no policy is %q", retry)
		}
	}
	ca, err := pki.New(nil)
	if err != nil {
		return nil, nil, err
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"server.test"}})
	if err != nil {
		return nil, nil, err
	}
	l, err := quicx.NewListener(context.Background(), &quicx.ListenConfig{
		Address: address, Retry: policy, MaxConnsPerSource: 10,
		TLS: &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{"hash"}},
	})
	if err != nil {
		return nil, nil, err
	}
	return &Ready{Address: l.Addr().String(), Roots: ca.PEM()}, l, nil
}

func serve(l *quicx.Listener) {
	for {
		c, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		go echo(c)
	}
}

func echo(c *quic.Conn) {
	for {
		s, err := c.AcceptStream(context.Background())
		if err != nil {
			return
		}
		go func() {
			defer s.Close()
			_, _ = io.Copy(s, s)
		}()
	}
}

func report(l *quicx.Listener) (*Report, error) {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	r := &Report{Stats: l.Stats()}
	for line := range strings.Lines(string(status)) {
		switch f := strings.Fields(line); f[0] {
		case "VmRSS:":
			r.RSS, err = strconv.ParseInt(f[1], 10, 64)
			r.RSS *= 1024
		case "VmHWM:":
			r.Peak, err = strconv.ParseInt(f[1], 10, 64)
			r.Peak *= 1024
		}
	}
	return r, err
}
