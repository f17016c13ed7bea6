package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// specimens are dials, one for each kind of socket whose options are read. They end before anything is sent.
// Raw sockets take a privilege; 253 is a protocol number for experiments (RFC 3692).
var specimens = []struct{ network, address string }{
	{"tcp4", "127.0.0.1:9"},
	{"tcp6", "[::1]:9"},
	{"udp4", "127.0.0.1:9"},
	{"udp6", "[::1]:9"},
	{"ip4:253", "127.0.0.1"},
	{"ip6:253", "::1"},
	{"unix", filepath.Join(os.TempDir(), "sockopts")},
	{"unixgram", filepath.Join(os.TempDir(), "sockopts")},
}

// defaults are the values of new sockets: by option, then by network.
type defaults map[string]map[string]string

// readDefaults opens a socket of each kind. The second result says which kinds cannot be had, and why.
func readDefaults(ctx context.Context) (defaults, []error) {
	d := defaults{}
	var lacking []error
	for _, s := range specimens {
		if err := d.read(ctx, s.network, s.address); err != nil {
			lacking = append(lacking, err)
		}
	}
	return d, lacking
}

var errSeen = errors.New("all was read")

// read opens a socket, and gives it up before it is connected.
func (d defaults) read(ctx context.Context, network, address string) error {
	dialer := net.Dialer{Control: func(network, _ string, c syscall.RawConn) error {
		options, err := sockopt.Snapshot(fresh{c})
		if err != nil {
			return err
		}
		for _, o := range options {
			d.add(o, network)
		}
		return errSeen
	}}
	conn, err := dialer.DialContext(ctx, network, address)
	if errors.Is(err, errSeen) {
		return nil
	}
	if err == nil {
		conn.Close()
		err = fmt.Errorf("%s: package net did not call Control", network)
	}
	return err
}

func (d defaults) add(o sockopt.Option, network string) {
	if d[o.Name()] == nil {
		d[o.Name()] = map[string]string{}
	}
	base, _, _ := strings.Cut(network, ":")
	d[o.Name()][base] = o.ValueText()
}

// fresh makes a conn of the raw conn that Control gets.
type fresh struct{ raw syscall.RawConn }

func (f fresh) SyscallConn() (syscall.RawConn, error) { return f.raw, nil }

// manyValues is how many different values mean that the option is no setting but a property of each socket.
const manyValues = 4

// text returns the value of an option: "false", or "87380 tcp, 212992 udp unix" where it depends on the network.
func (d defaults) text(name string) string {
	networks := map[string][]string{} // by value
	for network, value := range d[name] {
		networks[value] = append(networks[value], network)
	}
	values := slices.Collect(maps.Keys(networks))
	switch {
	case len(values) == 0:
		return "-"
	case len(values) == 1:
		return quote(values[0])
	case len(values) >= manyValues:
		return "of the socket"
	}
	var parts []string
	for _, value := range values {
		parts = append(parts, quote(value)+" "+shorten(networks[value]))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func quote(value string) string {
	if value == "" {
		return `""`
	}
	return value
}
