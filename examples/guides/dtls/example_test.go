package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// ask sends a record and returns the one that comes back.
func ask(c net.Conn, text string) string {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err.Error()
	}
	if _, err := c.Write([]byte(text)); err != nil {
		return err.Error()
	}
	b := make([]byte, dtlsx.MaxPayload)
	n, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	return string(b[:n])
}

// Keys instead of certificates, and a client that moves.
func Example_psk() {
	keys := map[string][]byte{"sensor-7": []byte("an example, not a secret")}
	l, err := dtlsx.NewListener(context.Background(), &dtlsx.ListenConfig{
		Address: "127.0.0.1:0",
		Config: dtlsx.Config{
			ConnectionID: 8,
			PSK: &dtlsx.PSK{Key: func(identity []byte) ([]byte, error) {
				if key, ok := keys[string(identity)]; ok {
					return key, nil
				}
				return nil, errors.New("unknown sensor")
			}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error, 1)
	go func() { served <- serve(l) }()
	defer func() { l.Close(); <-served }()
	nat, err := newNAT(l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nat.Close()

	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{
		PSK: &dtlsx.PSK{
			Identity: []byte("sensor-7"),
			Key:      func([]byte) ([]byte, error) { return keys["sensor-7"], nil },
		},
		ConnectionID: dtlsx.SendConnectionID, // wants none itself: its socket has one conn
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := d.Dial("udp", nat.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(ask(c, "from one address"))
	if err := nat.Rebind(); err != nil { // as a router does with a client that was silent
		fmt.Println(err)
		return
	}
	fmt.Println(ask(c, "from another one"))
	// Output:
	// from one address
	// from another one
}

// A second conn costs no key exchange.
func Example_resumption() {
	l, roots, stop := exampleServer()
	defer stop()

	sessions, err := dtlsx.NewSessionCache(100, time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: roots, Sessions: sessions}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		c, err := d.Dial("udp", l.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(ask(c, "hello"), c.(*dtlsx.Conn).ConnectionState().Resumed)
		c.Close()
	}
	// Output:
	// hello false
	// hello true
}

// What a flood of first packets costs the server.
func Example_flood() {
	l, roots, stop := exampleServer()
	defer stop()
	hello, err := firstPacket(roots)
	if err != nil {
		fmt.Println(err)
		return
	}

	flood, err := net.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer flood.Close()
	flood.SetDeadline(time.Now().Add(time.Minute))
	answer := make([]byte, 2000)
	for range 1000 {
		if _, err := flood.Write(hello); err != nil {
			fmt.Println(err)
			return
		}
		if _, err := flood.Read(answer); err != nil { // the cookie, which a forged address never sees
			fmt.Println(err)
			return
		}
	}
	stats := l.Stats()
	fmt.Println("challenged:", stats.Challenged, "handshakes:", stats.Pending, "conns:", stats.Active)
	// Output: challenged: 1000 handshakes: 0 conns: 0
}

// exampleServer serves until stop is called.
func exampleServer() (l *dtlsx.Listener, roots *tls.Config, stop func()) {
	ca, err := pki.New(nil)
	check(err)
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	check(err)
	l, err = listen(context.Background(), "127.0.0.1:0", cert.TLS())
	check(err)
	served := make(chan error, 1)
	go func() { served <- serve(l) }()
	return l, &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}, func() {
		l.Close()
		check(<-served)
	}
}

// firstPacket is what a client sends first.
func firstPacket(config *tls.Config) ([]byte, error) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer silent.Close()
	silent.SetDeadline(time.Now().Add(time.Minute))
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: config}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c, err := d.DialContext(ctx, "udp", silent.LocalAddr().String()); err == nil {
			c.Close()
		}
	}()
	defer func() { cancel(); <-ended }()
	hello := make([]byte, 2000)
	n, _, err := silent.ReadFrom(hello)
	return hello[:n], err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
