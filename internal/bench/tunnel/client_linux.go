package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type dialFunc func(network, address string) (net.Conn, error)

func kernelDial(network, address string) (net.Conn, error) {
	return net.DialTimeout(network, address, 20*time.Second) //nolint:noctx // it ends with the process
}

// The kinds of traffic.
const (
	streams   = "streams"
	datagrams = "datagrams"
	turnover  = "turnover" // conns that come and go
	idle      = "idle"
)

// client is one that makes traffic.
type client struct {
	job
	dial dialFunc
}

func (c client) address() string { return net.JoinHostPort(c.Target, strconv.Itoa(port)) }

// traffic does what the job says.
func (j job) traffic(dial dialFunc) (result, error) {
	c := client{j, dial}
	work, known := map[string]func() (result, error){
		streams: c.streams, datagrams: c.datagrams, turnover: c.turnover, idle: c.idle,
	}[j.Kind]
	if !known {
		return result{}, fmt.Errorf("no traffic is called %q", j.Kind)
	}
	var before, after report
	if err := before.look(false); err != nil {
		return result{}, err
	}
	r, err := work()
	if err != nil {
		return r, err
	}
	err = after.look(false)
	r.CPU = after.CPU - before.CPU
	return r, err
}

// ask dials and says what the server shall do.
func (c client) ask(order byte) (net.Conn, error) {
	conn, err := c.dial("tcp", c.address())
	if err != nil {
		return nil, err
	}
	p := []byte{order}
	if _, err = conn.Write(p); err == nil {
		_, err = io.ReadFull(conn, p)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c client) streams() (r result, err error) {
	conns := make([]net.Conn, c.N)
	for i := range conns {
		order := byte(takeAll)
		if c.Down {
			order = sendAll
		}
		if conns[i], err = c.ask(order); err != nil {
			return r, err
		}
		defer conns[i].Close()
	}
	var bytes atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	until := begun.Add(c.Time)
	for _, conn := range conns {
		conn.SetDeadline(until)
		group.Go(func() {
			if c.Down {
				_ = count(conn, &bytes) // ends with the time
			} else {
				pour(conn, until)
			}
		})
	}
	group.Wait()
	return result{Elapsed: int64(time.Since(begun)), Bytes: bytes.Load()}, nil
}

func (c client) datagrams() (r result, err error) {
	var received atomic.Int64
	var receivers, senders sync.WaitGroup
	conns, targets := make([]net.Conn, c.N), make([]*target, c.N)
	for i := range conns {
		if conns[i], err = c.dial("udp", c.address()); err != nil {
			return r, err
		}
		targets[i] = newTarget(conns[i].(net.PacketConn), nil)
	}
	begun := time.Now()
	until := begun.Add(c.Time)
	for _, conn := range conns {
		if c.Down {
			receivers.Go(func() { receive(conn.(net.PacketConn), func([]byte, net.Addr) { received.Add(1) }) })
			senders.Go(func() { c.wish(conn, until) })
		}
	}
	if !c.Down {
		flood(until, func() []*target { return targets })
	}
	senders.Wait()
	r = result{Elapsed: int64(time.Since(begun)), Datagrams: received.Load()}
	for _, conn := range conns {
		err = errors.Join(err, conn.Close())
	}
	receivers.Wait()
	return r, err
}

// wish asks for a flood, several times, because a datagram may be lost.
func (c client) wish(conn net.Conn, until time.Time) {
	p := make([]byte, datagramSize)
	p[0] = sendAll
	binary.BigEndian.PutUint64(p[1:], uint64(c.Time.Milliseconds())) //nolint:gosec // not negative
	for time.Now().Before(until) {
		_, _ = conn.Write(p)
		time.Sleep(c.Time / 10)
	}
}

// turnover dials, exchanges a byte and sees the server close, again and again.
func (c client) turnover() (result, error) {
	var conns atomic.Int64
	failed := make(chan error, c.N)
	begun := time.Now()
	var group sync.WaitGroup
	for range c.N {
		group.Go(func() {
			for time.Since(begun) < c.Time {
				conn, err := c.ask(hangUp)
				if err != nil {
					failed <- err
					return
				}
				_, err = conn.Read(make([]byte, 1))
				conn.Close()
				if !errors.Is(err, io.EOF) {
					failed <- fmt.Errorf("the end of a conn: %w", err)
					return
				}
				conns.Add(1)
			}
		})
	}
	group.Wait()
	r := result{Elapsed: int64(time.Since(begun)), Conns: conns.Load()}
	select {
	case err := <-failed:
		return r, err
	default:
		return r, nil
	}
}

// idle opens conns, each of which has moved a byte both ways, and leaves them open.
func (c client) idle() (result, error) {
	const dialers = 16
	var conns atomic.Int64
	failed := make(chan error, dialers)
	begun := time.Now()
	var group sync.WaitGroup
	for range dialers {
		group.Go(func() {
			for conns.Add(1) <= int64(c.N) {
				if _, err := c.ask(holdOn); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	r := result{Elapsed: int64(time.Since(begun)), Conns: int64(c.N)}
	select {
	case err := <-failed:
		return r, err
	default:
		return r, nil
	}
}
