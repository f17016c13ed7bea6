package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A way is a client and a server with their settings.
type way struct {
	name           string
	http1          bool
	http3          bool
	client, server http.HTTP2Config
	buffers        int  // of HTTP/1.1
	ourClient      bool // NewTransport with its defaults, instead of http.Transport
	ourServer      bool // NewServer with its defaults, instead of http.Server
}

// ways begins with net/http as it is: the others are compared with it.
func ways() []way {
	list := []way{
		{name: "HTTP/2, net/http"},
		{name: "HTTP/2, our client", ourClient: true},
		{name: "HTTP/2, our server", ourServer: true},
		{name: "HTTP/2, ours", ourClient: true, ourServer: true},
		{name: "HTTP/1.1, net/http", http1: true},
		{name: "HTTP/1.1, ours", http1: true, ourClient: true, ourServer: true},
	}
	list = append(list,
		way{name: "HTTP/3, quic-go", http3: true},
		way{name: "HTTP/3, our client", http3: true, ourClient: true},
		way{name: "HTTP/3, our server", http3: true, ourServer: true},
		way{name: "HTTP/3, ours", http3: true, ourClient: true, ourServer: true},
	)
	for _, k := range []int{4, 16, 32, 64} {
		list = append(list, way{name: fmt.Sprintf("HTTP/1.1, buffers %d KiB", k), http1: true, buffers: k << 10})
	}
	for _, k := range []int{16, 32, 64, 128, 256, 512, 1024} {
		h := http.HTTP2Config{MaxReadFrameSize: k << 10}
		list = append(list, way{name: fmt.Sprintf("frames %d KiB", k), client: h, server: h})
	}
	for _, w := range []struct{ stream, conn int }{{1, 1}, {1, 8}, {2, 16}, {4, 16}, {4, 1024}, {8, 64}} {
		h := http.HTTP2Config{
			MaxReadFrameSize: 256 << 10, MaxReceiveBufferPerStream: w.stream << 20, MaxReceiveBufferPerConnection: w.conn << 20,
		}
		list = append(list, way{name: fmt.Sprintf("frames 256 KiB, windows %d, %d MiB", w.stream, w.conn), client: h, server: h})
	}
	for _, w := range []struct{ stream, conn int }{{128, 1024}, {256, 1024}, {512, 1024}, {1024, 1024}, {1024, 2048}, {2048, 4095}} {
		h := http.HTTP2Config{
			MaxReadFrameSize: 256 << 10, MaxReceiveBufferPerStream: w.stream << 10, MaxReceiveBufferPerConnection: w.conn << 10,
		}
		list = append(list, way{name: fmt.Sprintf("server's frames 256 KiB, windows %d, %d KiB", w.stream, w.conn), server: h})
	}
	return list
}

func (y *way) protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(y.http1)
	p.SetHTTP2(!y.http1)
	return p
}

// transfer sends one body and measures it, without the handshake.
func (y *way) transfer(size int64, upload bool) (s sample, err error) {
	server, client, err := certificates()
	if err != nil {
		return s, err
	}
	open := y.open
	if y.http3 {
		open = y.openHTTP3
	}
	e, err := open(server, client, size)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	if err := exchange(e.transport, e.url, 0, 0); err != nil { // the handshake
		return s, err
	}
	start, before := time.Now(), cpu()
	if upload {
		err = exchange(e.transport, e.url, size, 0)
	} else {
		err = exchange(e.transport, e.url+"/down", 0, size)
	}
	return sample{time: time.Since(start), cpu: cpu() - before}, err
}

// ends are a client and the server that it asks.
type ends struct {
	transport http.RoundTripper
	url       string
	stop      func() error
}

// open is for what runs over TCP.
func (y *way) open(server, client *tls.Config, size int64) (*ends, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	stop, err := y.serve(l, server, size)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	rt, err := y.transport(client)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &ends{rt, "https://" + l.Addr().String(), func() error {
		rt.CloseIdleConnections()
		return stop()
	}}, nil
}

func certificates() (server, client *tls.Config, err error) {
	ca, err := pki.New(nil)
	if err != nil {
		return nil, nil, err
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, MinVersion: tls.VersionTLS13},
		&tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS13}, nil
}

// serve starts the server, and returns what ends it.
func (y *way) serve(l net.Listener, config *tls.Config, size int64) (stop func() error, err error) {
	var s interface{ Close() error }
	var run func() error
	if y.ourServer {
		own, err := httpx.NewServer(&httpx.ServerConfig{Handler: handler(size), TLS: config, Protocols: y.protocols()})
		if err != nil {
			return nil, err
		}
		s, run = own, func() error { return own.Serve(l) }
	} else {
		plain := &http.Server{Handler: handler(size), TLSConfig: config, Protocols: y.protocols(), HTTP2: &y.server, ReadHeaderTimeout: time.Minute}
		s, run = plain, func() error { return plain.ServeTLS(l, "", "") }
	}
	done := make(chan error, 1)
	go func() { done <- run() }()
	return func() error {
		err := s.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

func (y *way) transport(config *tls.Config) (*http.Transport, error) {
	if y.ourClient {
		return httpx.NewTransport(&httpx.TransportConfig{TLS: config, Protocols: y.protocols()})
	}
	return &http.Transport{
		TLSClientConfig: config, Protocols: y.protocols(), HTTP2: &y.client, ReadBufferSize: y.buffers, WriteBufferSize: y.buffers,
	}, nil
}

// handler takes what comes, and gives size bytes in pieces of io.Copy's size, as a proxy does.
func handler(size int64) http.Handler {
	piece := make([]byte, 32<<10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/down" {
			n, _ := io.Copy(io.Discard, r.Body) // what is missing is noticed by its number
			w.Header().Set("Received", strconv.FormatInt(n, 10))
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		for rest := size; rest > 0; rest -= int64(len(piece)) {
			if _, err := w.Write(piece[:min(rest, int64(len(piece)))]); err != nil {
				return
			}
		}
	})
}

// exchange sends up bytes and expects down.
func exchange(rt http.RoundTripper, url string, up, down int64) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, io.LimitReader(zeros{}, up))
	if err != nil {
		return err
	}
	req.ContentLength = up
	res, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	received := res.Header.Get("Received")
	if err == nil && (n != down || down == 0 && received != strconv.FormatInt(up, 10)) {
		err = fmt.Errorf("%d of %d bytes came, %s of %d arrived", n, down, received, up)
	}
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// cpu is the time of the processor that this process, which is client and server, has had.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
