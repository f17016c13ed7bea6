package quicx_test

import (
	"net"
	"testing"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/quicx"
)

// Announced streams are visible to the listener at once, as conns of TCP are.
func TestStreamConnAnnounced(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Announce: true}, nil)
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		if c1, err = s.dialer.Dial("udp", s.listener.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = s.listener.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}

// Without announcement the first byte makes them visible. The windows are small,
// so that writes have to wait.
func TestStreamConnPlain(t *testing.T) {
	noLeak(t)
	small := &quic.Config{
		InitialStreamReceiveWindow: 4096, MaxStreamReceiveWindow: 8192,
		InitialConnectionReceiveWindow: 8192, MaxConnectionReceiveWindow: 16384,
	}
	s := newStreams(t, nil, small)
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		if c1, err = s.dialer.Dial("udp", s.listener.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if _, err = c1.Write([]byte{1}); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = s.listener.Accept(); err != nil {
			return nil, nil, nil, err
		}
		if _, err = c2.Read(make([]byte, 1)); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}
