package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/strata-net/strata/dialer"
)

// A world is what the tunnel leads to: a web server, a name server that speaks TCP only,
// and an echo for datagrams, all on loopback.
type world struct {
	web   *httptest.Server
	names net.Listener
	echo  net.PacketConn
}

func newWorld() (*world, error) {
	names, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // the address is a literal
	if err != nil {
		return nil, err
	}
	echo, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // the same
	if err != nil {
		return nil, errors.Join(err, names.Close())
	}
	w := &world{names: names, echo: echo, web: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello from the world")
	}))}
	go serveNames(names)
	go reflect(echo)
	return w, nil
}

// rewrites lead the addresses of the world, which are nobody's, to loopback.
func (w *world) rewrites() []dialer.Rewrite {
	return []dialer.Rewrite{
		{FromNetwork: "tcp", FromAddress: "192.0.2.80:80", ToNetwork: "tcp", ToAddress: w.web.Listener.Addr().String()},
		{FromNetwork: "tcp", FromAddress: "192.0.2.80:81", ToNetwork: "tcp", ToAddress: "127.0.0.1:1"},
		{FromNetwork: "tcp", FromAddress: "192.0.2.53:53", ToNetwork: "tcp", ToAddress: w.names.Addr().String()},
		{FromNetwork: "udp", FromAddress: "192.0.2.7:7", ToNetwork: "udp", ToAddress: w.echo.LocalAddr().String()},
	}
}

// Close ends the servers.
func (w *world) Close() error {
	w.web.Close()
	return errors.Join(w.names.Close(), w.echo.Close())
}

// reflect sends every datagram back.
func reflect(c net.PacketConn) {
	for p := make([]byte, 1500); ; {
		n, from, err := c.ReadFrom(p)
		if err != nil {
			return
		}
		if _, err := c.WriteTo(p[:n], from); err != nil {
			return
		}
	}
}
