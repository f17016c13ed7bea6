package httpx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// ConnectConfig describes a handler of CONNECT requests.
type ConnectConfig struct {
	// Allow decides on a target, "host:port" as the client has sent it: nil is
	// yes, an error is answered by 403. Nil allows nothing. Names are resolved by
	// the Dialer, after Allow: to refuse addresses, do so there.
	Allow func(r *http.Request, target string) error
	// Dialer connects. Nil is a [net.Dialer].
	Dialer Dialer
	// DialTimeout bounds that. 0 means DefaultDialTimeout. Negative is an error.
	DialTimeout time.Duration
	// IdleTimeout cuts a tunnel that carries nothing in either direction for so
	// long. 0 means DefaultTunnelIdleTimeout, negative none.
	IdleTimeout time.Duration
	// OnError, when set, hears of refused targets and failed dials. It is called
	// by the goroutine of the request.
	OnError func(r *http.Request, err error)
}

// Check says what [NewConnect] would say of the config, without making anything.
func (c *ConnectConfig) Check() error {
	if c != nil && c.DialTimeout < 0 {
		return &Error{Op: "config", Field: "DialTimeout", Value: c.DialTimeout.String(), Err: errNegative}
	}
	return nil
}

// connectHandler makes tunnels.
type connectHandler struct{ cfg ConnectConfig }

// NewConnect returns a handler of CONNECT requests, for HTTP/1.1 and HTTP/2. It
// opens tunnels to the targets that the config allows, which is none by default:
// an open proxy is what attackers look for. Over HTTP/1.1 each direction ends by
// itself; over HTTP/2, where net/http cannot end the response alone, the tunnel
// ends with the direction to the client. Other methods are answered by 405.
func NewConnect(cfg *ConnectConfig) (http.Handler, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	h := &connectHandler{}
	if cfg != nil {
		h.cfg = *cfg
	}
	setDefault(&h.cfg.DialTimeout, DefaultDialTimeout)
	setDefault(&h.cfg.IdleTimeout, DefaultTunnelIdleTimeout)
	if h.cfg.Dialer == nil {
		h.cfg.Dialer = &net.Dialer{}
	}
	return h, nil
}

// ServeHTTP opens a tunnel.
func (h *connectHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || isExtendedConnect(r) {
		w.Header().Set("Allow", http.MethodConnect)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if err := h.allow(r); err != nil {
		h.refuse(w, r, http.StatusForbidden, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.cfg.DialTimeout)
	defer cancel()
	upstream, err := h.cfg.Dialer.DialContext(ctx, "tcp", r.Host)
	if err != nil {
		status := http.StatusBadGateway
		if isTimeout(err) {
			status = http.StatusGatewayTimeout
		}
		h.refuse(w, r, status, err)
		return
	}
	defer upstream.Close()
	client, err := accept(w, r)
	if err != nil {
		h.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	join(r.Context(), client, newTunnel(upstream, h.cfg.IdleTimeout))
}

var errNotAllowed = errors.New("no target is allowed")

func (h *connectHandler) allow(r *http.Request) error {
	if h.cfg.Allow == nil {
		return errNotAllowed
	}
	if host, port, err := net.SplitHostPort(r.Host); err != nil || host == "" || port == "" {
		return fmt.Errorf("%q is not host:port", r.Host)
	}
	return h.cfg.Allow(r, r.Host)
}

func (h *connectHandler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	if h.cfg.OnError != nil {
		h.cfg.OnError(r, &Error{Op: "connect", Field: "target", Value: r.Host, Err: err})
	}
	http.Error(w, http.StatusText(status), status)
}

// accept answers that the tunnel is there and returns the client's end of it.
func accept(w http.ResponseWriter, r *http.Request) (io.ReadWriteCloser, error) {
	control := http.NewResponseController(w)
	if r.ProtoMajor > 1 {
		w.WriteHeader(http.StatusOK)
		return &streamConn{ReadCloser: r.Body, w: w, control: control}, control.Flush()
	}
	c, rw, err := control.Hijack()
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		c.Close()
		return nil, err
	}
	return withEarly(c, rw), nil
}

// withEarly returns c with the bytes that are in the buffer.
func withEarly(c net.Conn, rw *bufio.ReadWriter) net.Conn {
	n := rw.Reader.Buffered()
	if n == 0 {
		return c
	}
	early, _ := rw.Reader.Peek(n) // cannot fail: they are there
	return &earlyConn{Conn: c, early: append([]byte(nil), early...)}
}

// join copies both ways until both have ended, or one has failed, or ctx is
// done. It closes both.
func join(ctx context.Context, a, b io.ReadWriteCloser) {
	closeBoth := sync.OnceFunc(func() {
		a.Close()
		b.Close()
	})
	defer context.AfterFunc(ctx, closeBoth)()
	var both sync.WaitGroup
	one := func(dst, src io.ReadWriteCloser) {
		if _, err := io.Copy(struct{ io.Writer }{dst}, struct{ io.Reader }{src}); err != nil || closeWrite(dst) != nil {
			closeBoth()
		}
	}
	both.Go(func() { one(a, b) })
	both.Go(func() { one(b, a) })
	both.Wait()
	closeBoth()
}

// streamConn is a stream of HTTP/2 or HTTP/3 as a conn.
type streamConn struct {
	io.ReadCloser
	w       io.Writer
	control *http.ResponseController
	mu      sync.Mutex // held by Write
	closed  bool
}

// Write sends at once.
func (c *streamConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	n, err := c.w.Write(p)
	if err == nil {
		err = c.control.Flush()
	}
	return n, err
}

// Close returns when no Write is in progress, and lets no new one begin: the
// handler returns after it, and nothing may be written to a response then. A
// Write that waits for a client that does not read is ended with its stream.
func (c *streamConn) Close() error {
	var err error
	if !c.mu.TryLock() {
		err = c.control.SetWriteDeadline(time.Unix(1, 0))
		c.mu.Lock()
	}
	c.closed = true
	c.mu.Unlock()
	return errors.Join(err, c.ReadCloser.Close())
}
