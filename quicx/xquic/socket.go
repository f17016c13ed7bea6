package xquic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"

	"github.com/strata-net/strata/sockopt"
)

// refusedOptions do nothing on a socket of x/net/quic, or harm.
var refusedOptions = map[string]string{
	"IP_TOS":                      "x/net/quic sets the byte for each packet, for ECN",
	"IPV6_TCLASS":                 "x/net/quic sets the byte for each packet, for ECN",
	"IP_RECVERR":                  "one ICMP message would end all conns",
	"IPV6_RECVERR":                "one ICMP message would end all conns",
	"UDP_GRO":                     "x/net/quic reads one packet at a time",
	"UDP_RECV_MAX_COALESCED_SIZE": "x/net/quic reads one packet at a time",
	"UDP_SEGMENT":                 "it would cut the packets",
	"UDP_SEND_MSG_SIZE":           "it would cut the packets",
	"UDP_CORK":                    "it would hold every packet back",
}

// checkSocket looks at the fields that are the same for dialers and listeners.
func checkSocket(p *problems, network string, options sockopt.Options, receive, send int) {
	p.add("Options", options.String(), options.Check(network, sockopt.Bind, sockopt.Established))
	for _, o := range options {
		if why, ok := refusedOptions[o.Name()]; ok {
			p.add("Options", o.String(), fmt.Errorf("%w: not on a socket of QUIC: %s", errors.ErrUnsupported, why))
		}
	}
	for _, b := range []struct {
		field string
		size  int
	}{{"ReceiveBuffer", receive}, {"SendBuffer", send}} {
		switch {
		case b.size < 0:
			p.add(b.field, strconv.Itoa(b.size), errNegative)
		case b.size > math.MaxInt32:
			p.add(b.field, strconv.Itoa(b.size), errors.New("must be at most 2147483647 bytes"))
		}
	}
}

// socket is how to open a UDP socket.
type socket struct {
	network, address string
	options          sockopt.Options
	receive, send    int
}

// open opens it with its options in force. If anything fails nothing stays open.
func (s *socket) open(ctx context.Context) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: s.options.At(sockopt.Bind).Control}
	pc, err := config.ListenPacket(ctx, s.network, s.address)
	if err != nil {
		return nil, s.failed(err)
	}
	conn := pc.(*net.UDPConn) //nolint:forcetypeassert // it is what package net returns for udp
	if err := s.settle(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// settle does what has to wait for bind, and reads the options back.
func (s *socket) settle(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err == nil {
		err = s.options.At(sockopt.Established).ApplyStage(sockopt.Established, sockopt.NetworkOf(conn.LocalAddr()), raw)
	}
	if err == nil {
		err = s.options.Verify(conn)
	}
	if err != nil {
		return s.failed(err)
	}
	if err := s.buffer(conn, "ReceiveBuffer", s.receive, sockopt.RcvBuf, sockopt.RcvBufForce); err != nil {
		return err
	}
	return s.buffer(conn, "SendBuffer", s.send, sockopt.SndBuf, sockopt.SndBufForce)
}

// buffer sets a size, past the system's limit if the process may, and reads it
// back. 0 leaves what the system has.
func (s *socket) buffer(conn *net.UDPConn, field string, size int, plain, force sockopt.Handle[int]) error {
	if size == 0 {
		return nil
	}
	set := func(h sockopt.Handle[int]) error {
		return errors.Join(h.Set(conn, size), sockopt.Options{h.Value(size)}.Verify(conn))
	}
	err := set(plain)
	if err == nil || set(force) == nil {
		return nil
	}
	return &Error{Op: "set option", Field: field, Value: strconv.Itoa(size), Network: s.network, Address: s.address, Err: err}
}

// failed makes the error for a socket that could not be opened.
func (s *socket) failed(err error) error {
	e := &Error{Op: "listen", Network: s.network, Address: s.address, Err: err}
	if o, ok := errors.AsType[*sockopt.Error](err); ok {
		e.Op, e.Field, e.Value = "set option", "Options", o.Option+"="+o.Value
	}
	return e
}
