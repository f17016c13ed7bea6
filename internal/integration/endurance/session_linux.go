package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

func (l *lane) address(load *load) string { return net.JoinHostPort(load.host, strconv.Itoa(l.port)) }

// openBytes dials with TCP, and TLS if the lane is secure.
func openBytes(ctx context.Context, l *lane, load *load) (session, error) {
	cfg := &dialer.Config{}
	if l.secure {
		cfg.TLS = l.client(load)
		if l.opened.Load()%2 == 0 { // others show the certificate
			cfg.TLS.ClientSessionCache = load.sessions
		}
	}
	d, err := dialer.New(cfg)
	if err != nil {
		return nil, err
	}
	c, err := d.DialContext(ctx, "tcp", l.address(load))
	return &bytesSession{conn: c}, err
}

// bytesSession has one request after the other on a conn.
type bytesSession struct {
	conn net.Conn
	end  []io.Closer // after the conn
}

func (s *bytesSession) exchange(ctx context.Context, f frame) error {
	deadline, _ := ctx.Deadline()
	s.conn.SetDeadline(deadline)
	// The upstream reads a request to its end before it answers.
	if _, err := s.conn.Write(f.ask()); err != nil {
		return err
	}
	got := make([]byte, headerSize+f.down)
	n, err := io.ReadFull(s.conn, got)
	if errors.Is(err, io.EOF) || err == nil {
		if n > 0 && n == len(got) {
			return f.check(got)
		}
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *bytesSession) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	for _, c := range s.end {
		c.Close()
	}
}

// quic lets a handshake take as long as a fault and a busy machine need; a browser would give up sooner.
func (l *load) quic() *quic.Config {
	return &quic.Config{HandshakeIdleTimeout: patience / 2, MaxIdleTimeout: l.idle}
}

// openQUIC dials a conn of QUIC, and a stream on it.
func openQUIC(ctx context.Context, l *lane, load *load) (session, error) {
	client, err := quicx.NewDialer(&quicx.DialConfig{TLS: l.client(load, "frames"), QUIC: load.quic()})
	if err != nil {
		return nil, err
	}
	streams, err := quicx.NewStreamDialer(client, nil)
	if err != nil {
		client.Close()
		return nil, err
	}
	s := &bytesSession{end: []io.Closer{streams, client}}
	if s.conn, err = streams.DialContext(ctx, "udp", l.address(load)); err != nil {
		s.conn = nil
		s.close()
		return nil, err
	}
	return s, nil
}

// openHTTP makes a transport of HTTP/1.1, or of HTTP/2 if the lane is secure.
func openHTTP(_ context.Context, l *lane, load *load) (session, error) {
	var protocols http.Protocols
	protocols.SetHTTP1(!l.secure)
	protocols.SetHTTP2(l.secure)
	cfg := &httpx.TransportConfig{Protocols: &protocols, DisableCompression: true, ResponseHeaderTimeout: -1}
	s := &httpSession{url: "http://" + l.address(load) + "/" + l.name}
	if l.secure {
		cfg.TLS = l.client(load)
		s.url = "https://" + l.address(load) + "/" + l.name
	}
	t, err := httpx.NewTransport(cfg)
	if err != nil {
		return nil, err
	}
	s.transport, s.end = t, func() { t.CloseIdleConnections() }
	return s, nil
}

// openHTTP3 makes a transport of HTTP/3.
func openHTTP3(_ context.Context, l *lane, load *load) (session, error) {
	t, err := http3x.NewTransport(&http3x.Config{Dial: quicx.DialConfig{TLS: l.client(load), QUIC: load.quic()}, DisableCompression: true})
	if err != nil {
		return nil, err
	}
	return &httpSession{
		url: "https://" + l.address(load) + "/" + l.name, transport: t, end: func() { _ = t.Close() },
	}, nil
}

// httpSession has one request after the other on the conns of a transport.
type httpSession struct {
	url       string
	transport http.RoundTripper
	end       func()
}

// A statusError is an answer of the gateway itself.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("status %d %s", int(s), http.StatusText(int(s)))
}

func (s *httpSession) exchange(ctx context.Context, f frame) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(f.ask()))
	if err != nil {
		return err
	}
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(io.LimitReader(res.Body, int64(headerSize+f.down+1)))
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return statusError(res.StatusCode)
	}
	return f.check(got)
}

func (s *httpSession) close() { s.end() }

// openUDP connects a socket.
func openUDP(ctx context.Context, l *lane, load *load) (session, error) {
	d, err := dialer.New(nil)
	if err != nil {
		return nil, err
	}
	c, err := d.DialContext(ctx, "udp", l.address(load))
	return &datagramSession{lane: l, conn: c}, err
}

// openDTLS dials with DTLS.
func openDTLS(ctx context.Context, l *lane, load *load) (session, error) {
	secure := l.client(load)
	secure.MinVersion = tls.VersionTLS12
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: secure}})
	if err != nil {
		return nil, err
	}
	c, err := d.DialContext(ctx, "udp", l.address(load))
	return &datagramSession{lane: l, conn: c}, err
}

// datagramSession has a datagram for each request, and sends it again when there is no answer.
type datagramSession struct {
	lane *lane
	conn net.Conn
	buf  [1 << 14]byte
}

// resend is how long an answer is waited for before its datagram counts as lost.
const resend = time.Second

func (s *datagramSession) exchange(ctx context.Context, f frame) error {
	for try := 0; ; try++ {
		if try > 0 {
			s.lane.again.Add(1)
		}
		if _, err := s.conn.Write(f.ask()); err != nil && !passing(err) {
			return err
		}
		err := s.await(f, time.Now().Add(resend))
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) && !passing(err) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("sent %d times: %w", try+1, ctx.Err())
		}
		if passing(err) { // which takes no time
			time.Sleep(resend / 10)
		}
	}
}

// await reads until the answer comes. One to an earlier request may be late, since that was sent more than once.
func (s *datagramSession) await(f frame, until time.Time) error {
	s.conn.SetReadDeadline(until)
	for {
		n, err := s.conn.Read(s.buf[:])
		if err != nil {
			return err
		}
		if err = f.check(s.buf[:n]); err == nil {
			return nil
		}
		if !s.late(f, s.buf[:n]) {
			return err
		}
	}
}

// late says whether a datagram is the right answer to a request before this one.
func (s *datagramSession) late(f frame, got []byte) bool {
	if len(got) < headerSize || got[2] != s.lane.id {
		return false
	}
	old := newFrame(s.lane.id, numberOf(got), true)
	return old.number < f.number && old.check(got) == nil
}

func (s *datagramSession) close() { s.conn.Close() }
