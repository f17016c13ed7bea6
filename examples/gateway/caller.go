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
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/tlsx"
)

// callTime bounds one round trip of the demo.
const callTime = 30 * time.Second

// A caller makes round trips to an echo, one after the other.
type caller interface {
	// call sends payload and fails unless the same bytes come back.
	call(payload []byte) error
	// versions returns what was negotiated: the HTTP version, empty without
	// HTTP, and the TLS version, 0 without TLS. It is valid after a call.
	versions() (http string, tls tlsx.Session)
	// largest returns how many bytes a payload can have.
	largest() int
	close()
}

// errEcho says that what came back is not what was sent.
var errEcho = errors.New("other bytes came back than were sent")

// dial returns a caller on a conn of its own.
func (t *trial) dial(ctx context.Context, secure *tls.Config, observe observer) (caller, error) {
	switch {
	case t.protocol == "quic":
		return newQUICCaller(ctx, t, secure)
	case t.protocol == "dtls":
		return newDTLSCaller(ctx, t, secure)
	case t.version == "HTTP/3.0":
		return newHTTP3Caller(ctx, t, secure)
	}
	cfg := &dialer.Config{Timeout: callTime, Options: demoOptions(t.address.Network())}
	if t.listener.Net.ProxyProtocol != nil {
		cfg.ProxyProtocol = 2
	}
	if t.version == "" {
		cfg.TLS = secure
	}
	d, err := dialer.New(cfg)
	if err != nil {
		return nil, err
	}
	open := func(ctx context.Context) (net.Conn, error) {
		c, err := d.DialContext(ctx, t.address.Network(), t.address.String())
		if err == nil {
			observe.show(RoleClient, t.listener.Name, cfg.Options, c)
		}
		return c, err
	}
	if t.version != "" {
		return newHTTPCaller(ctx, t, secure, open)
	}
	c, err := open(ctx)
	if err != nil {
		return nil, err
	}
	if t.protocol == "udp" {
		return &datagramCaller{conn: c}, nil
	}
	return &streamCaller{conn: c}, nil
}

// streamCaller calls an echo of bytes.
type streamCaller struct{ conn net.Conn }

// call writes and reads at the same time: an echo that cannot get rid of its
// bytes does not take more.
func (s *streamCaller) call(payload []byte) error {
	if err := s.conn.SetDeadline(time.Now().Add(callTime)); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := s.conn.Write(payload)
		sent <- err
	}()
	got := make([]byte, len(payload))
	_, err := io.ReadFull(s.conn, got)
	if err = errors.Join(err, <-sent); err != nil {
		return err
	}
	if !bytes.Equal(got, payload) {
		return errEcho
	}
	return nil
}

func (s *streamCaller) versions() (string, tlsx.Session) {
	if t, ok := s.conn.(*tls.Conn); ok {
		return "", tlsx.Describe(t.ConnectionState())
	}
	return "", tlsx.Session{}
}

func (s *streamCaller) largest() int { return largePayload }

func (s *streamCaller) close() { s.conn.Close() }

// httpCaller calls an echo of request bodies.
type httpCaller struct {
	ctx       context.Context
	url       string
	transport roundTripper
	http      string
	tls       tlsx.Session
}

func newHTTPCaller(ctx context.Context, t *trial, secure *tls.Config, open func(context.Context) (net.Conn, error)) (*httpCaller, error) {
	var protocols http.Protocols
	protocols.SetHTTP1(t.version == "HTTP/1.1")
	protocols.SetHTTP2(t.version == "HTTP/2.0" && secure != nil)
	protocols.SetUnencryptedHTTP2(t.version == "HTTP/2.0" && secure == nil)
	transport, err := httpx.NewTransport(&httpx.TransportConfig{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return open(ctx) },
		TLS:                 secure,
		TLSHandshakeTimeout: callTime,
		Protocols:           &protocols,
		DisableCompression:  true,
	})
	if err != nil {
		return nil, err
	}
	return &httpCaller{ctx: ctx, url: fmt.Sprintf("%s://%v/demo", t.protocol, t.address), transport: transport}, nil
}

func (h *httpCaller) call(payload []byte) error {
	ctx, cancel := context.WithTimeout(h.ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	res, err := h.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(io.LimitReader(res.Body, int64(len(payload))+1))
	if err != nil {
		return err
	}
	h.http = res.Proto
	if res.TLS != nil {
		h.tls = tlsx.Describe(*res.TLS)
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	if !bytes.Equal(got, payload) {
		return errEcho
	}
	return nil
}

func (h *httpCaller) versions() (string, tlsx.Session) { return h.http, h.tls }

func (h *httpCaller) largest() int { return largePayload }

func (h *httpCaller) close() { h.transport.CloseIdleConnections() }
