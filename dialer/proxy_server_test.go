package dialer_test

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"crypto/tls"
)

// A proxyServer is a proxy of the tests: it relays, and does wrong what it is told to.
type proxyServer struct {
	user, password string
	hosts          map[string]string // names that it knows, with the address behind them
	answers        int               // after so many answers it says nothing more; 0 for no limit
	seen           chan string       // the targets it was asked for
	requests       chan *http.Request
}

func newProxyServer() *proxyServer {
	return &proxyServer{seen: make(chan string, 100), requests: make(chan *http.Request, 100)}
}

var errSilent = errors.New("no more answers")

// serveConns serves each conn of l until the test ends.
func serveConns(t *testing.T, l net.Listener, handle func(net.Conn) error) string {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				if errors.Is(handle(c), errSilent) {
					io.Copy(io.Discard, struct{ io.Reader }{c}) // until the client gives up
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return l.Addr().String()
}

func (p *proxyServer) socks(t *testing.T) string {
	return serveConns(t, listen(t, "tcp", "127.0.0.1:0"), func(c net.Conn) error { return p.serveSOCKS(c) })
}

func (p *proxyServer) http(t *testing.T) string {
	return serveConns(t, listen(t, "tcp", "127.0.0.1:0"), func(c net.Conn) error { return p.serveHTTP(c) })
}

func (p *proxyServer) https(t *testing.T, config *tls.Config) string {
	return serveConns(t, tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), config), func(c net.Conn) error { return p.serveHTTP(c) })
}

// answer counts.
func (p *proxyServer) answer(c net.Conn, n int, b []byte) error {
	if p.answers > 0 && n >= p.answers {
		return errSilent
	}
	_, err := c.Write(b)
	return err
}

func (p *proxyServer) dial(address string) (net.Conn, error) {
	p.seen <- address
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if known, ok := p.hosts[host]; ok {
		host = known
	}
	return net.Dial("tcp", net.JoinHostPort(host, port))
}

// serveSOCKS is the server's side of RFC 1928 and 1929.
func (p *proxyServer) serveSOCKS(c net.Conn) error {
	r := bufio.NewReader(c)
	field := func() (string, error) {
		n, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		b := make([]byte, n)
		_, err = io.ReadFull(r, b)
		return string(b), err
	}
	if _, err := r.ReadByte(); err != nil {
		return err
	}
	methods, err := field()
	if err != nil {
		return err
	}
	answers := 1 // the first one is what the limit 1 forbids
	method := byte(0)
	if p.user != "" {
		method = 2
	}
	if strings.IndexByte(methods, method) < 0 {
		method = 0xff
	}
	if err := p.answer(c, answers, []byte{5, method}); err != nil {
		return err
	}
	answers++
	if method == 2 {
		if _, err := r.ReadByte(); err != nil {
			return err
		}
		user, _ := field()
		password, err := field()
		if err != nil {
			return err
		}
		code := byte(0)
		if user != p.user || password != p.password {
			code = 1
		}
		if err := p.answer(c, answers, []byte{1, code}); err != nil || code != 0 {
			return err
		}
		answers++
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	var host string
	switch head[3] {
	case 1, 4:
		ip := make([]byte, map[byte]int{1: 4, 4: 16}[head[3]])
		if _, err := io.ReadFull(r, ip); err != nil {
			return err
		}
		host = net.IP(ip).String()
	case 3:
		if host, err = field(); err != nil {
			return err
		}
	}
	var port [2]byte
	if _, err := io.ReadFull(r, port[:]); err != nil {
		return err
	}
	target, err := p.dial(net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port[:])))))
	if err != nil {
		return p.answer(c, answers, []byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
	}
	defer target.Close()
	if err := p.answer(c, answers, []byte("\x05\x00\x00\x03\x04name\x00\x01")); err != nil {
		return err
	}
	return relay(c, r, target)
}

// serveHTTP is CONNECT.
func (p *proxyServer) serveHTTP(c net.Conn) error {
	r := bufio.NewReader(c)
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	p.requests <- request
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password))
	switch {
	case request.Method != http.MethodConnect:
		return p.answer(c, 1, []byte("HTTP/1.1 405 no\r\n\r\n"))
	case p.user != "" && request.Header.Get("Proxy-Authorization") != want:
		return p.answer(c, 1, []byte("HTTP/1.1 407 secret words of the proxy\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno"))
	}
	target, err := p.dial(request.Host)
	if err != nil {
		return p.answer(c, 1, fmt.Appendf(nil, "HTTP/1.1 502 %s\r\n\r\n", err))
	}
	defer target.Close()
	if err := p.answer(c, 1, []byte("HTTP/1.1 200 fine\r\nX-Proxy: test\r\n\r\n")); err != nil {
		return err
	}
	return relay(c, r, target)
}

// relay copies both ways, half-closes included, without splice: package net keeps
// its pipes open for the next one, which would look like a leak.
func relay(c net.Conn, from io.Reader, target net.Conn) error {
	var group sync.WaitGroup
	group.Go(func() {
		io.Copy(struct{ io.Writer }{target}, struct{ io.Reader }{from})
		target.(*net.TCPConn).CloseWrite()
	})
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{target})
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	group.Wait()
	return nil
}
