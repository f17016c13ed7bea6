package main

import (
	"context"
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"
)

// A lane is the load of one protocol.
type lane struct {
	name      string
	id        byte
	upstream  string // that its requests end at
	port      int    // of the gateway's listener
	secure    bool   // new conns show the gateway's certificate
	datagrams bool
	// open makes a session. sitter is true for those that stay as long as they can.
	open func(ctx context.Context, l *lane, load *load) (session, error)

	next   atomic.Uint64
	serial atomic.Value // string: number of the certificate that a new conn saw last
	full   atomic.Int64 // handshakes that were no resumption
	short  atomic.Int64 // those that were
	opened atomic.Int64
	asked  atomic.Int64
	again  atomic.Int64 // datagrams that were sent again
	slow   atomic.Int64 // longest answer, in nanoseconds

	mu     sync.Mutex
	acked  []uint64 // a bit for each number
	ackeds int64
}

// A session is what a client keeps from one request to the next. One goroutine uses it.
type session interface {
	// exchange sends a request and fails unless the right answer comes.
	exchange(ctx context.Context, f frame) error
	close()
}

// The upstreams, and the lanes that end there.
const (
	first  = "first"
	second = "second"
)

// lanes are what the load consists of.
func lanes() []*lane {
	all := []*lane{
		{name: "tcp", upstream: first, port: 7001, open: openBytes},
		{name: "tls", upstream: second, port: 7002, open: openBytes, secure: true},
		{name: "http1", upstream: first, port: 7080, open: openHTTP},
		{name: "http2", upstream: second, port: 7443, open: openHTTP, secure: true},
		{name: "http3", upstream: first, port: 7443, open: openHTTP3, secure: true},
		{name: "quic", upstream: second, port: 7005, open: openQUIC, secure: true},
		{name: "udp", upstream: first, port: 7004, open: openUDP, datagrams: true},
		{name: "dtls", upstream: second, port: 7006, open: openDTLS, secure: true, datagrams: true},
	}
	for i, l := range all {
		l.id = byte(i + 1)
		l.serial.Store("")
	}
	return all
}

// acknowledge notes that a request was answered.
func (l *lane) acknowledge(number uint64, took time.Duration) {
	for {
		now := l.slow.Load()
		if int64(took) <= now || l.slow.CompareAndSwap(now, int64(took)) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for uint64(len(l.acked)) <= number/64 {
		l.acked = append(l.acked, 0)
	}
	l.acked[number/64] |= 1 << (number % 64)
	l.ackeds++
}

// acknowledged says how many requests were.
func (l *lane) acknowledged() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ackeds
}

// audit compares what clients were told with what upstreams have written down.
func (l *lane) audit(dir string) (lost, repeated []uint64, err error) {
	j, err := openJournal(dir, l.id)
	if err != nil {
		return nil, nil, err
	}
	defer j.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.next.Load() {
		arrived := j.arrived(n)
		acked := n/64 < uint64(len(l.acked)) && l.acked[n/64]&(1<<(n%64)) != 0
		if acked && arrived == 0 {
			lost = append(lost, n)
		}
		if arrived > 1 && !l.datagrams {
			repeated = append(repeated, n)
		}
	}
	return lost, repeated, nil
}

// client returns a TLS config whose conns tell the lane which certificate they saw.
func (l *lane) client(load *load, protocols ...string) *tls.Config {
	return &tls.Config{
		RootCAs: load.roots, NextProtos: protocols, MinVersion: tls.VersionTLS12,
		VerifyConnection: func(s tls.ConnectionState) error {
			if s.DidResume {
				l.short.Add(1)
				return nil
			}
			l.full.Add(1)
			l.serial.Store(s.PeerCertificates[0].SerialNumber.String())
			return nil
		},
	}
}
