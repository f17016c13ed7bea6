package httpx

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// ExtendedConnectOffered says whether the servers of net/http in this process,
// and with them a [Server], offer extended CONNECT (RFC 8441). It depends on an
// environment variable that net/http reads before main begins, see package
// extconnect. The answer is that of a real server, asked once.
func ExtendedConnectOffered() bool { return offered() }

var offered = sync.OnceValue(func() bool {
	client, server := net.Pipe()
	defer client.Close()
	client.SetDeadline(time.Now().Add(10 * time.Second))
	l := &oneListener{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- server
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: p, Handler: http.NotFoundHandler(), ReadHeaderTimeout: 10 * time.Second}
	var served sync.WaitGroup
	served.Go(func() { _ = s.Serve(l) })
	defer served.Wait()
	defer s.Close()
	// The preface and empty settings; a frame is length, type, flags and stream.
	go func() {
		_, _ = io.WriteString(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	}()
	return offers(client)
})

// offers reads the settings of a server.
func offers(r io.Reader) bool {
	const settingsFrame, enableConnectProtocol = 4, 8
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || head[3] != settingsFrame {
		return false
	}
	settings := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(r, settings); err != nil {
		return false
	}
	for ; len(settings) >= 6; settings = settings[6:] {
		if binary.BigEndian.Uint16(settings) == enableConnectProtocol {
			return binary.BigEndian.Uint32(settings[2:]) == 1
		}
	}
	return false
}

// oneListener returns one conn, and then waits to be closed.
type oneListener struct {
	conn   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneListener) Addr() net.Addr { return textAddr("pipe") }
