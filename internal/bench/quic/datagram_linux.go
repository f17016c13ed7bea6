package main

import (
	"context"
	"errors"
	"net"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/internal/bench/turns"
	"github.com/strata-net/strata/quicx"
)

const (
	datagramSize = 1200
	// fewDatagrams are fewer than the queues of quic-go hold.
	fewDatagrams = 16
)

func datagramCases() []turns.Case {
	free := turns.Case{Name: "datagrams of 1200 B", Unit: "datagram", Lossy: true}
	few := turns.Case{Name: "datagrams of 1200 B, 16 on their way at most", Unit: "datagram"}
	for _, w := range []struct {
		name string
		open func() (*turns.Pipe, error)
	}{
		{"quic-go", func() (*turns.Pipe, error) { return openDatagrams(openBare, bareDatagrams) }},
		{"quicx.DatagramConn", func() (*turns.Pipe, error) { return openDatagrams(openOurs, ourDatagrams) }},
		{"quic-go, *net.UDPConn hidden", func() (*turns.Pipe, error) { return openDatagrams(openHidden, bareDatagrams) }},
		{"UDP", openUDP},
	} {
		free.Ways = append(free.Ways, turns.Way{Name: w.name, Open: turns.Datagrams(w.open, 0)})
		few.Ways = append(few.Ways, turns.Way{Name: w.name, Open: turns.Datagrams(w.open, fewDatagrams)})
	}
	return []turns.Case{free, few}
}

// openDatagrams makes a QUIC conn.
func openDatagrams(open func(settings) (*link, error), pipe func(from, to *quic.Conn) (*turns.Pipe, error)) (_ *turns.Pipe, err error) {
	c, err := newCredentials(full)
	if err != nil {
		return nil, err
	}
	l, err := open(settings{credentials: c, datagrams: true})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	accepted := make(chan *quic.Conn, 1)
	l.accepted.Store(&accepted)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case conn := <-accepted:
		p, err := pipe(s.conn, conn)
		if err != nil {
			return nil, err
		}
		p.Close = func() {
			s.close()
			_ = conn.CloseWithError(0, "")
			l.close()
		}
		return p, nil
	case <-ctx.Done():
		return nil, errors.New("the server accepts no conn")
	}
}

func bareDatagrams(from, to *quic.Conn) (*turns.Pipe, error) {
	b := make([]byte, datagramSize)
	return &turns.Pipe{
		Send: func() error { return from.SendDatagram(b) },
		Receive: func() error {
			_, err := to.ReceiveDatagram(context.Background())
			return err
		},
	}, nil
}

func ourDatagrams(from, to *quic.Conn) (*turns.Pipe, error) {
	out, err := quicx.NewDatagramConn(from)
	if err != nil {
		return nil, err
	}
	in, err := quicx.NewDatagramConn(to)
	if err != nil {
		return nil, err
	}
	return packets(out, in, from.RemoteAddr()), nil
}

// openUDP has the buffers that quic-go takes.
func openUDP() (*turns.Pipe, error) {
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	out, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err == nil {
		err = errors.Join(in.SetReadBuffer(7<<20), out.SetWriteBuffer(7<<20))
	}
	p := packets(out, in, in.LocalAddr())
	p.Close = func() {
		in.Close()
		out.Close()
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func packets(out, in net.PacketConn, to net.Addr) *turns.Pipe {
	b, r := make([]byte, datagramSize), make([]byte, 2048)
	return &turns.Pipe{
		Send: func() error {
			_, err := out.WriteTo(b, to)
			return err
		},
		Receive: func() error {
			_, _, err := in.ReadFrom(r)
			return err
		},
	}
}
