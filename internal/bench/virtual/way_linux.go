package main

import (
	"net"
	"sync"

	"github.com/strata-net/strata/virtnet/simnet"
)

// A way is a kind of network.
type way struct {
	name  string
	open  func() (*link, error)
	files int // that a pair of conns has open
	bytes int // that a pair of conns takes at least, before anything is sent
}

// A link is a client and a server that listens for it.
type link struct {
	dial   func() (net.Conn, error)
	accept func() (net.Conn, error)
	close  func()
}

// ways are compared with the first one.
var ways = []way{
	{name: "loopback TCP", open: sockets("tcp4"), files: 2},
	{name: "unix socket", open: sockets("unix"), files: 2},
	{name: "net.Pipe", open: pipes},
	{name: "bufconn of 256 KiB", open: bufconns, bytes: 2 * room},
	{name: "pipenet", open: pipenets},
	{name: "lonet", open: lonets, files: 2},
	{name: "simnet", open: simnets(simnet.OrderDirect)},
	{name: "simnet, scheduled", open: simnets(simnet.OrderScheduled)},
}

// pair are the two ends of a conn, each of which somebody has closed when end returns.
func (w way) pair() (client, server net.Conn, end func(), err error) {
	l, err := w.open()
	if err != nil {
		return nil, nil, nil, err
	}
	if client, server, err = l.pair(); err != nil {
		l.close()
		return nil, nil, nil, err
	}
	return client, server, func() {
		client.Close()
		server.Close()
		l.close()
	}, nil
}

// pair dials and accepts, which have to meet on some networks.
func (l *link) pair() (client, server net.Conn, err error) {
	var failed error
	var work sync.WaitGroup
	work.Go(func() { server, failed = l.accept() })
	if client, err = l.dial(); err != nil {
		l.close() // Accept returns
		work.Wait()
		return nil, nil, err
	}
	if work.Wait(); failed != nil {
		client.Close()
	}
	return client, server, failed
}
