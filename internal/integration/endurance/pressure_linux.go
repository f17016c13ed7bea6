package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// pressureLane is the number of requests that nobody waits for.
const pressureLane = 200

// exhaust leaves the gateway without free descriptors, while clients come and it has to read its files.
func (r *run) exhaust() error {
	n, err := descriptorsOf(r.gateway.pid())
	if err != nil {
		return err
	}
	before := r.gateway.log.count("too many open files")
	restore, err := r.gateway.limitDescriptors(uint64(n)) //nolint:gosec // not negative
	if err != nil {
		return err
	}
	serial, err := r.starve(before)
	if err := errors.Join(err, restore()); err != nil {
		return err
	}
	if err := r.shown(serial); err != nil {
		return fmt.Errorf("a certificate that came while there were no descriptors: %w", err)
	}
	return r.reloadSame()
}

// starve holds conns until the gateway says that it lacks descriptors, and changes the certificate then.
func (r *run) starve(before int) (serial string, err error) {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	err = r.await("the gateway says that it has no descriptors", func() bool {
		if len(held) < 200 {
			if c, err := r.dial(7001); err == nil {
				held = append(held, c)
			}
		}
		return r.gateway.log.count("too many open files") > before
	})
	if err != nil {
		return "", err
	}
	if serial, err = r.certificates.renew(); err != nil {
		return "", err
	}
	if err := r.gateway.write(r.gateway.now); err != nil {
		return "", err
	}
	r.hold(1)
	return serial, nil
}

func (r *run) dial(port int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(gatewayHost, strconv.Itoa(port)))
}

// Of the pressure: conns, and what the cap leaves above what is in use, in bytes.
const (
	pressing = 60
	room     = 24 << 20
)

// press sends as much as conns take and reads nothing, while memory is capped. What the gateway keeps for a slow client
// is bounded, so nobody else may see it.
func (r *run) press() error {
	if r.cap != nil && !r.race { // the race detector has many times of it
		used, err := r.cap.used()
		if err != nil {
			return err
		}
		if err := r.cap.set(used + room); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i := range pressing {
		all.Go(func() { r.pressOne(ctx, i) })
	}
	r.hold(2)
	cancel()
	all.Wait()
	if r.cap == nil {
		return nil
	}
	return r.cap.set(r.capOfRun())
}

// pressOne writes requests whose answers it does not read, until ctx is done.
func (r *run) pressOne(ctx context.Context, i int) {
	port := []int{7001, 7002, 7080}[i%3]
	c, err := r.dial(port)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Now()) })()
	var w io.Writer = c
	if port == 7002 {
		w = tls.Client(c, &tls.Config{RootCAs: r.load.roots, ServerName: gatewayHost, MinVersion: tls.VersionTLS12})
	}
	for n := uint64(0); ctx.Err() == nil; n++ {
		f := frame{lane: pressureLane, number: uint64(i)<<16 | n&0xffff, up: 256 << 10, down: 256 << 10} //nolint:gosec // small
		ask := f.ask()
		if port == 7080 {
			head := fmt.Sprintf("POST /http1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(ask))
			ask = append([]byte(head), ask...)
		}
		if _, err := w.Write(ask); err != nil {
			return
		}
	}
}
