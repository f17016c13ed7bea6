package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hop is a proxy that the test plays. It notes whom it was asked for.
type hop struct {
	url   string
	mu    sync.Mutex
	asked []string
}

func (h *hop) note(target string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, target)
}

func (h *hop) targets() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.asked...)
}

// newHop runs a proxy that leads everything to one server, or to whom it is asked
// for if that is empty.
func newHop(t *testing.T, scheme, server string, greet func(c net.Conn, r *bufio.Reader) (string, error)) *hop {
	t.Helper()
	l := listenTCP(t)
	h := &hop{url: scheme + "://user:secret@" + l.Addr().String()}
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	t.Cleanup(func() { l.Close() })
	group.Go(func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				target, err := greet(c, r)
				if err != nil {
					return
				}
				h.note(target)
				up, err := net.Dial("tcp", cmp.Or(server, target))
				if err != nil {
					return
				}
				defer up.Close()
				var one sync.WaitGroup
				one.Go(func() {
					io.Copy(up, r)
					up.(*net.TCPConn).CloseWrite()
				})
				io.Copy(c, up)
				c.CloseWrite()
				one.Wait()
			})
		}
	})
	return h
}

// connect greets like an HTTP proxy that wants user and password.
func connect(c net.Conn, r *bufio.Reader) (string, error) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return "", err
	}
	if req.Header.Get("Proxy-Authorization") != "Basic dXNlcjpzZWNyZXQ=" { // user:secret
		_, err := io.WriteString(c, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
		return "", fmt.Errorf("not authorized: %w", err)
	}
	_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	return req.Host, err
}

// socks greets like a SOCKS5 proxy (RFC 1928) that wants user and password
// (RFC 1929).
func socks(c net.Conn, r *bufio.Reader) (string, error) {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(r, b)
		return b
	}
	read(int(read(2)[1])) // methods
	c.Write([]byte{5, 2})
	user := read(int(read(2)[1]))
	password := read(int(read(1)[0]))
	if string(user) != "user" || string(password) != "secret" {
		c.Write([]byte{1, 1})
		return "", fmt.Errorf("%s is not authorized", user)
	}
	c.Write([]byte{1, 0})
	var host string
	switch kind := read(4)[3]; kind {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	default:
		return "", fmt.Errorf("address of type %d", kind)
	}
	port := binary.BigEndian.Uint16(read(2))
	_, err := c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return net.JoinHostPort(host, fmt.Sprint(port)), err
}

// Bytes and requests reach a server that only the proxies know, also through a
// chain, and no password is in the log.
func TestProxies(t *testing.T) {
	settled(t)
	up := upstream(t, echoRequest)
	direct := newHop(t, "socks5h", up, socks)
	last := newHop(t, "http", up, connect)
	chained := newHop(t, "socks5", "", socks)
	for name, test := range map[string]struct {
		proxies string
		last    *hop
	}{
		"socks5h": {"{url: \"" + direct.url + "\"}", direct},
		"http":    {"{url: \"" + last.url + "\"}", last},
		"chain":   {"{url: \"" + chained.url + "\"}, {url: \"" + last.url + "\"}", last},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, front("server.invalid:80", "dial: {proxies: ["+test.proxies+"]}"), nil)
			for _, way := range ways {
				res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/x"))
				require.NoError(t, err)
				assert.Contains(t, readAll(t, res), "GET /x ")
			}
			assert.True(t, echoes(g.address("tcp")))
			assert.Contains(t, test.last.targets(), "server.invalid:80")
			assert.NotContains(t, g.log.String(), "secret")
		})
	}
	assert.Contains(t, chained.targets(), strings.TrimPrefix(last.url, "http://user:secret@"))
}

// A proxy that refuses is named in the log, without its password.
func TestProxyRefuses(t *testing.T) {
	settled(t)
	h := newHop(t, "http", "", connect)
	g := start(t, limitedUpstream("server.invalid:80", "dial: {proxies: [{url: \""+strings.Replace(h.url, "secret", "hunter2", 1)+"\"}]}"), nil)
	require.ErrorIs(t, firstRead(g, "tcp"), syscall.ECONNRESET)
	g.log.eventually(t, "407")
	assert.NotContains(t, g.log.String(), "hunter2")
	assert.Empty(t, h.targets())
}

// The proxy of the environment is read when the gateway starts.
func TestProxyFromEnvironment(t *testing.T) {
	settled(t)
	h := newHop(t, "http", upstream(t, echoRequest), connect)
	t.Setenv("HTTP_PROXY", h.url)
	t.Setenv("NO_PROXY", "")
	g := start(t, limitedUpstream("server.invalid:80", "dial: {proxy_from_environment: true}"), nil)
	assert.True(t, echoes(g.address("tcp")))
	assert.Equal(t, []string{"server.invalid:80"}, h.targets())
}

// The upstream learns the client's address on each conn, in both versions.
func TestSendProxyProtocol(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, front(l.Addr().String(), fmt.Sprintf("dial: {proxy_protocol: %d}", version)), nil)
			for _, name := range []string{"tcp", "tcp-tls"} {
				c := dialFront(t, g, name)
				server := acceptTCP(t, l)
				say(t, c, "hello")
				require.NoError(t, c.CloseWrite())
				r := bufio.NewReader(server)
				assert.Equal(t, c.LocalAddr().String()+" "+c.RemoteAddr().String(), announced(t, r))
				rest, err := io.ReadAll(r)
				require.NoError(t, err)
				assert.Equal(t, "hello", string(rest))
				require.NoError(t, server.Close())
				hear(t, c, "")
			}
		})
	}
}

// announced reads a PROXY protocol header of either version for TCP over IPv4.
func announced(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	if b, err := r.Peek(5); err == nil && string(b) == "PROXY" {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		f := strings.Fields(line)
		require.Len(t, f, 6)
		assert.Equal(t, "TCP4", f[1])
		return net.JoinHostPort(f[2], f[4]) + " " + net.JoinHostPort(f[3], f[5])
	}
	b := make([]byte, 28)
	_, err := io.ReadFull(r, b)
	require.NoError(t, err)
	assert.Equal(t, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", string(b[:16]))
	port := func(b []byte) string { return fmt.Sprint(binary.BigEndian.Uint16(b)) }
	return net.JoinHostPort(net.IP(b[16:20]).String(), port(b[24:])) + " " +
		net.JoinHostPort(net.IP(b[20:24]).String(), port(b[26:]))
}

// Each request has a conn of its own then, with the address of its client, also
// when two clients ask at the same time again and again.
func TestSendProxyProtocolHTTP(t *testing.T) {
	settled(t)
	l := &announcing{TCPListener: listenTCP(t), t: t}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.RemoteAddr+" "+r.Header.Get("X-Forwarded-For"))
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	g := start(t, front(l.Addr().String(), "dial: {proxy_protocol: 2}"), nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			c := dialTCP(t, g.address("http"))
			r := bufio.NewReader(c)
			for range 10 {
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				res, err := http.ReadResponse(r, nil)
				if !assert.NoError(t, err) {
					return
				}
				body, err := io.ReadAll(res.Body)
				assert.NoError(t, err)
				assert.Equal(t, c.LocalAddr().String()+" 127.0.0.1", string(body))
			}
		})
	}
	group.Wait()
}

// announcing is a listener whose conns begin with a header.
type announcing struct {
	*net.TCPListener
	t *testing.T
}

func (l *announcing) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	c.SetReadDeadline(time.Now().Add(patience))
	r := bufio.NewReader(c)
	from, _, _ := strings.Cut(announced(l.t, r), " ")
	addr, err := net.ResolveTCPAddr("tcp", from)
	require.NoError(l.t, err)
	c.SetReadDeadline(time.Time{})
	return &announcedConn{Conn: c, r: r, from: addr}, nil
}

type announcedConn struct {
	net.Conn
	r    io.Reader
	from net.Addr
}

func (c *announcedConn) Read(p []byte) (int, error) { return c.r.Read(p) }
func (c *announcedConn) RemoteAddr() net.Addr       { return c.from }

// limitedUpstream is a tcp listener in front of an upstream with more keys.
func limitedUpstream(upstream, keys string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, address: "%s", %s}]
listeners: [{name: tcp, address: "127.0.0.1:0", routes: [{upstream: up}]}]
`, upstream, keys)
}

// guarded has a listener of each kind with the same limits in front of echoes.
func guarded(limits string) string {
	config := echoConfig
	for _, kind := range []string{"protocol: http, self_signed", "protocol: http, routes"} {
		config = strings.ReplaceAll(config, kind, strings.Replace(kind, "http,", "http, "+limits+",", 1))
	}
	return strings.NewReplacer(
		`name: tcp, address: "127.0.0.1:0",`, `name: tcp, address: "127.0.0.1:0", `+limits+`,`,
		`name: tcp-tls, address: "127.0.0.1:0",`, `name: tcp-tls, address: "127.0.0.1:0", `+limits+`,`,
	).Replace(config)
}
