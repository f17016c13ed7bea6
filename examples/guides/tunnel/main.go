// Command tunnel is the program of docs/guides/tunnel.md: it sends a client's packets
// through a pipe to a forwarder, which dials for them. It needs no privilege, and no
// network: what it dials is on loopback.
//
//	tunnel [FILE]
//
// FILE is where the packets are written, for Wireshark.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

func main() {
	file := ""
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	if err := run(os.Stdout, file); err != nil {
		fmt.Fprintln(os.Stderr, "tunnel:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, file string) (err error) {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.Close()
	d, err := dialer.New(&dialer.Config{Timeout: 10 * time.Second, Rewrites: w.rewrites()})
	if err != nil {
		return err
	}
	near, far := tunx.Pipe(1500)
	device, stop, err := record(far, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	events := make(chan forward.Event, 10)
	f, err := carry(device, d, func(e forward.Event) { events <- e })
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := newClient(near, netip.MustParsePrefix("10.7.0.2/24"))
	if err != nil {
		return err
	}
	defer s.Close()

	if err := use(s, out); err != nil {
		return err
	}
	return show(f, events, out)
}

// show prints what the forwarder has seen of two flows, and what it has now.
func show(f *forward.Forwarder, events <-chan forward.Event, out io.Writer) error {
	for range 2 {
		e := <-events
		fmt.Fprintf(out, "%v: refused: %t\n", e.Flow.Dst, e.Kind == forward.FlowRefused)
	}
	for flow := range f.Flows() {
		fmt.Fprintf(out, "still open: %v, %d bytes there, %d back\n", flow.Dst, flow.Sent, flow.Received)
	}
	s := f.Stats()
	fmt.Fprintf(out, "%d opened, %d refused, %d reset\n", s.Opened, s.Refused, s.Reset)
	return nil
}
