package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"

	"google.golang.org/grpc/test/bufconn"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// room is what waits in each direction of a conn of bufconn, as on simnet by default.
const room = simnet.DefaultBufferBytes

// sockets are those of the kernel, with the defaults of package net.
func sockets(network string) func() (*link, error) {
	return func() (*link, error) {
		address, clean := "127.0.0.1:0", func() {}
		if network == "unix" {
			dir, err := os.MkdirTemp("", "virtual-*")
			if err != nil {
				return nil, err
			}
			address, clean = filepath.Join(dir, "socket"), func() { os.RemoveAll(dir) }
		}
		l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
		if err != nil {
			clean()
			return nil, err
		}
		address = l.Addr().String()
		var d net.Dialer
		return &link{
			dial:   func() (net.Conn, error) { return d.DialContext(context.Background(), network, address) },
			accept: l.Accept,
			close: func() {
				l.Close()
				clean()
			},
		}, nil
	}
}

// pipes hands the other end to who accepts, which is the least that a dial can be.
func pipes() (*link, error) {
	other, done := make(chan net.Conn), make(chan struct{})
	return &link{
		dial: func() (net.Conn, error) {
			one, two := net.Pipe()
			select {
			case other <- two:
				return one, nil
			case <-done:
				return nil, net.ErrClosed
			}
		},
		accept: func() (net.Conn, error) {
			select {
			case c := <-other:
				return c, nil
			case <-done:
				return nil, net.ErrClosed
			}
		},
		close: sync.OnceFunc(func() { close(done) }),
	}, nil
}

func bufconns() (*link, error) {
	l := bufconn.Listen(room)
	return &link{dial: l.Dial, accept: l.Accept, close: func() { l.Close() }}, nil
}

func pipenets() (*link, error) {
	n := pipenet.AsVirtNet(pipenet.New("bench"))
	return virtual(n, n)
}

// lonets are two parts of one network, as two processes have them.
func lonets() (*link, error) {
	servers, err := lonet.Join(context.Background(), "")
	if err != nil {
		return nil, err
	}
	clients, err := lonet.Join(context.Background(), servers.Network()[len("lonet"):])
	if err != nil {
		servers.Close()
		return nil, err
	}
	return virtual(servers, clients)
}

// virtual has a host for each side, in a part of the network or in all of it.
func virtual(servers, clients *virtnet.SubNetwork) (*link, error) {
	end := func() {
		clients.Close()
		servers.Close()
	}
	server, err := servers.NewHost(context.Background(), "server")
	if err != nil {
		end()
		return nil, err
	}
	client, err := clients.NewHost(context.Background(), "client")
	if err != nil {
		end()
		return nil, err
	}
	return between(server, client, end)
}

// simnets are without delay, loss and trace.
func simnets(order simnet.Order) func() (*link, error) {
	return func() (*link, error) {
		n, err := simnet.New(simnet.Config{Order: order, MaxEvents: -1})
		if err != nil {
			return nil, err
		}
		end := func() { n.Close() }
		server, err := n.NewHost(context.Background(), "server")
		if err != nil {
			end()
			return nil, err
		}
		client, err := n.NewHost(context.Background(), "client")
		if err != nil {
			end()
			return nil, err
		}
		return between(server, client, end)
	}
}

// A host is that of any virtual network.
type host interface {
	Listen(address string) (net.Listener, error)
	Dial(ctx context.Context, address string) (net.Conn, error)
}

func between(server, client host, end func()) (*link, error) {
	l, err := server.Listen("")
	if err != nil {
		end()
		return nil, err
	}
	address := l.Addr().String()
	return &link{
		dial:   func() (net.Conn, error) { return client.Dial(context.Background(), address) },
		accept: l.Accept,
		close:  end,
	}, nil
}
