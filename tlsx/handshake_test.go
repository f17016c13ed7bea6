package tlsx_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"
)

// shake returns what the client sees of a handshake of the two over a pipe, or
// the errors of both. No conn and no goroutine stays.
func shake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	state, _, err := shakeBoth(t, server, client)
	return state, err
}

func shakeBoth(t *testing.T, server, client *tls.Config) (atClient, atServer tls.ConnectionState, err error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	limit := time.Now().Add(patience)
	a.SetDeadline(limit)
	b.SetDeadline(limit)
	s, c := tls.Server(a, server), tls.Client(b, client)
	failed := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(t.Context())
		if err == nil {
			_, err = s.Write([]byte{0}) // the client's certificate is refused after its handshake
		}
		failed <- err
	}()
	err = c.HandshakeContext(t.Context())
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	if err != nil {
		b.Close() // a server that waits for the client's alert would wait for long
	}
	err = errors.Join(err, <-failed)
	return c.ConnectionState(), s.ConnectionState(), err
}
