package tlsx_test

import (
	"crypto/tls"
	"net"
)

// exampleHandshake returns what the client knows after a handshake.
func exampleHandshake(server, client *tls.Config) tls.ConnectionState {
	near, far := net.Pipe()
	defer near.Close()
	ended := make(chan error, 1)
	go func() { ended <- tls.Server(far, server).Handshake() }()
	conn := tls.Client(near, client)
	check(conn.Handshake())
	go func() { // tickets
		var b [1]byte
		_, _ = conn.Read(b[:])
	}()
	check(<-ended)
	return conn.ConnectionState()
}
