package httpx

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it, and nothing depends on its strength
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// isExtendedConnect says whether r is a CONNECT of RFC 8441 or RFC 9220.
func isExtendedConnect(r *http.Request) bool { return extendedProtocol(r) != "" }

// extendedProtocol returns the :protocol of an extended CONNECT, "" for any
// other request. net/http has it as a header field; quic-go's HTTP/3 in Proto,
// where everything else is "HTTP/3.0": a token has no slash.
func extendedProtocol(r *http.Request) string {
	switch {
	case r.Method != http.MethodConnect || r.ProtoMajor < 2:
		return ""
	case len(r.Header[":protocol"]) > 0:
		return r.Header[":protocol"][0]
	case r.ProtoMajor == 3 && !strings.HasPrefix(r.Proto, "HTTP/"):
		return r.Proto
	}
	return ""
}

// serveExtended serves a WebSocket of HTTP/2 or HTTP/3 as the upgrade of
// HTTP/1.1 that it would be there.
func (p *ReverseProxy) serveExtended(w http.ResponseWriter, r *http.Request) {
	key := webSocketKey()
	own := *r
	own.Method, own.Body, own.ContentLength = http.MethodGet, http.NoBody, 0
	own.Header = r.Header.Clone()
	delete(own.Header, ":protocol")
	if own.ProtoMajor == 3 {
		own.Proto = "HTTP/3.0"
	}
	own.Header.Set("Connection", "Upgrade")
	own.Header.Set("Upgrade", "websocket")
	own.Header.Set("Sec-WebSocket-Key", key)
	p.serve(&extendedWriter{ResponseWriter: w, request: r, key: key}, &own)
}

// extendedWriter answers a CONNECT with what was meant for an upgrade.
type extendedWriter struct {
	http.ResponseWriter
	request *http.Request
	key     string
}

// Unwrap gives http.ResponseController what is not here.
func (w *extendedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack returns the stream as a conn. What is written to the buffer is the
// response to the upgrade: the sink sends that to the CONNECT in its place.
func (w *extendedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	control := http.NewResponseController(w.ResponseWriter)
	stream := &streamConn{ReadCloser: w.request.Body, w: w.ResponseWriter, control: control}
	c := &extendedConn{streamConn: stream, request: w.request}
	return c, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(&extendedSink{w: w, control: control})), nil
}

// extendedSink waits for the response to the upgrade.
type extendedSink struct {
	w       *extendedWriter
	control *http.ResponseController
	sent    bool
}

var errWebSocketAccept = errors.New("the upstream has not accepted the key of the WebSocket")

// Write drops the text of the response. Its header is in that of the writer.
func (s *extendedSink) Write(p []byte) (int, error) {
	if s.sent {
		return len(p), nil
	}
	s.sent = true
	h := s.w.Header()
	if h.Get("Sec-WebSocket-Accept") != webSocketAccept(s.w.key) {
		clear(h)
		return 0, errWebSocketAccept
	}
	for _, name := range []string{"Connection", "Upgrade", "Sec-WebSocket-Accept"} {
		h.Del(name)
	}
	s.w.WriteHeader(http.StatusOK)
	return len(p), s.control.Flush()
}

// extendedConn is a stream with the methods of a net.Conn.
type extendedConn struct {
	*streamConn
	request *http.Request
}

// LocalAddr returns that of the conn of the stream.
func (c *extendedConn) LocalAddr() net.Addr {
	a, _ := c.request.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return a
}

// RemoteAddr returns that of the conn of the stream.
func (c *extendedConn) RemoteAddr() net.Addr { return textAddr(c.request.RemoteAddr) }

// SetDeadline sets both.
func (c *extendedConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline is for the stream.
func (c *extendedConn) SetReadDeadline(t time.Time) error { return c.control.SetReadDeadline(t) }

// SetWriteDeadline is for the stream.
func (c *extendedConn) SetWriteDeadline(t time.Time) error { return c.control.SetWriteDeadline(t) }

// textAddr is a TCP address as text.
type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }

// webSocketKey returns a key as RFC 6455, section 4.1, wants it.
func webSocketKey() string {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	return base64.StdEncoding.EncodeToString(key[:])
}

// webSocketAccept returns the answer to a key.
func webSocketAccept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// extendedUpstream sends upgrades to WebSocket as CONNECTs of RFC 8441.
type extendedUpstream struct{ next, extended http.RoundTripper }

// RoundTrip makes the answer that of an upgrade.
func (t *extendedUpstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isWebSocket(r) {
		return t.next.RoundTrip(r)
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	in, out := io.Pipe()
	own := r.Clone(r.Context())
	own.Method, own.Body, own.ContentLength = http.MethodConnect, in, -1
	own.Header[":protocol"] = []string{"websocket"}
	for _, name := range []string{"Connection", "Upgrade", "Sec-WebSocket-Key"} {
		own.Header.Del(name)
	}
	res, err := t.extended.RoundTrip(own)
	if err != nil || res.StatusCode != http.StatusOK {
		in.CloseWithError(net.ErrClosed)
		return res, err
	}
	res.StatusCode, res.Status = http.StatusSwitchingProtocols, "101 Switching Protocols"
	res.Header.Set("Connection", "Upgrade")
	res.Header.Set("Upgrade", "websocket")
	res.Header.Set("Sec-WebSocket-Accept", webSocketAccept(key))
	res.Body = &extendedBody{ReadCloser: res.Body, out: out}
	res.Request = r
	return res, nil
}

// extendedBody is both directions of a stream to the upstream.
type extendedBody struct {
	io.ReadCloser
	out *io.PipeWriter
}

// Write sends to the upstream.
func (b *extendedBody) Write(p []byte) (int, error) { return b.out.Write(p) }

// CloseWrite ends that direction.
func (b *extendedBody) CloseWrite() error { return b.out.Close() }

// Close ends both.
func (b *extendedBody) Close() error {
	b.out.CloseWithError(net.ErrClosed)
	return b.ReadCloser.Close()
}
