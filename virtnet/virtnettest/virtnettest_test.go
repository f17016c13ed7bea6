package virtnettest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

// A network that does everything right passes, also when it is a stack.
func TestRelay(t *testing.T) {
	network := func(*testing.T) *virtnettest.Network { return newRelay(wrong{}) }
	t.Run("Network", func(t *testing.T) { virtnettest.TestNetwork(t, network) })
	t.Run("Listener", func(t *testing.T) { virtnettest.TestListener(t, network) })
	t.Run("Conn", func(t *testing.T) { virtnettest.TestConn(t, network) })
	t.Run("PacketConn", func(t *testing.T) { virtnettest.TestPacketConn(t, network) })
}

func TestPacketRelay(t *testing.T) {
	virtnettest.TestPacketConn(t, func(t *testing.T) *virtnettest.Network { return newPacketRelay(t, wrong{}) })
}

// A network that does one thing wrong fails the test that is there for it.
func TestWrong(t *testing.T) {
	virtnettest.SetPatience(t, 300*time.Millisecond)
	for name, test := range mutants {
		t.Run(name, func(t *testing.T) {
			for _, each := range test.tests {
				failures := record(t, func(t testing.TB) { virtnettest.Run(t, newRelay(test.wrong), each) })
				assert.NotEmpty(t, failures, "%s does not see it", each)
			}
		})
	}
}

// So does one whose datagrams go wrong.
func TestWrongDatagrams(t *testing.T) {
	virtnettest.SetPatience(t, 300*time.Millisecond)
	for name, test := range packetMutants {
		t.Run(name, func(t *testing.T) {
			w := wrong{packet: func(c net.PacketConn, err error) (net.PacketConn, error) {
				if err != nil {
					return nil, err
				}
				return test.wrong(c), nil
			}}
			for _, each := range test.tests {
				failures := record(t, func(r testing.TB) { virtnettest.Run(r, newPacketRelay(t, w), "PacketConn/"+each) })
				assert.NotEmpty(t, failures, "%s does not see it", each)
			}
		})
	}
}

var packetMutants = map[string]struct {
	wrong func(net.PacketConn) packetConn
	tests []string
}{
	"nothing is read": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, read: func([]byte) (int, net.Addr, error) { return 0, nil, io.EOF }}
		},
		[]string{"Exchange", "Boundaries", "Deadlines", "IsToldWhy"},
	},
	"nothing is written": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, write: func([]byte, net.Addr) (int, error) { return 0, io.EOF }}
		},
		[]string{"Exchange", "Boundaries", "Deadlines", "IsToldWhy"},
	},
	"everything is lost": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, write: func(p []byte, _ net.Addr) (int, error) { return len(p), nil }}
		},
		[]string{"Exchange", "Boundaries", "Deadlines", "IsToldWhy"},
	},
	"long datagrams are lost": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, write: func(p []byte, to net.Addr) (int, error) {
				if len(p) > 9 {
					return len(p), nil
				}
				return c.WriteTo(p, to)
			}}
		},
		[]string{"Boundaries"},
	},
	"long datagrams are refused": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, read: func(p []byte) (int, net.Addr, error) {
				n, from, err := c.ReadFrom(p)
				if n == 4 && len(p) == 4 {
					err = io.ErrShortBuffer
				}
				return n, from, err
			}}
		},
		[]string{"Boundaries"},
	},
	"sources are those of others": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, read: func(p []byte) (int, net.Addr, error) {
				n, _, err := c.ReadFrom(p)
				return n, c.LocalAddr(), err
			}}
		},
		[]string{"Exchange"},
	},
	"deadlines are no timeouts": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, read: func(p []byte) (int, net.Addr, error) {
				n, from, err := c.ReadFrom(p)
				if e, ok := errors.AsType[*net.OpError](err); ok {
					err = &net.OpError{Op: e.Op, Net: e.Net, Err: untimely{e.Err}}
				}
				return n, from, err
			}}
		},
		[]string{"Deadlines"},
	},
	"a socket does not close": {
		func(c net.PacketConn) packetConn {
			return packetConn{PacketConn: c, close: func() error { return io.ErrNoProgress }}
		},
		[]string{"Addresses", "IsToldWhy"},
	},
}

// An untimely error is what it is, but no timeout.
type untimely struct{ error }

func (untimely) Timeout() bool   { return false }
func (e untimely) Unwrap() error { return e.error }

type mutant struct {
	wrong wrong
	tests []string
}

var mutants = map[string]mutant{
	"a name is two hosts'": {
		wrong{newHost: func(error) error { return nil }},
		[]string{"Network/Names"},
	},
	"a host has no name": {
		wrong{newHost: func(err error) error { return errors.Join(err, errors.New("no")) }},
		[]string{"Network/Names"},
	},
	"a name is never free": {
		wrong{closeHost: func(n *virtnet.SubNetwork, hostname string) {
			if h := n.Host(hostname); h != nil {
				h.Close()
			}
			n.NewHost(ctx(), hostname)
		}},
		[]string{"Network/NameIsFreeAgain"},
	},
	"a host does not close": {
		wrong{closeHost: func(*virtnet.SubNetwork, string) {}, newHost: func(error) error { return nil }},
		[]string{"Network/NameIsFreeAgain", "Listener/AcceptIsToldWhy", "Conn/IsToldWhy", "Conn/CauseRemains"},
	},
	"nothing closes without a complaint": {
		wrong{closed: func(error) error { return io.ErrNoProgress }},
		[]string{
			"Network/NameIsFreeAgain", "Network/AutoClose", "Network/NetworkAndLastHost",
			"Listener/DialIsToldWhy", "Listener/AcceptIsToldWhy",
		},
	},
	"the network is a host": {
		wrong{closeHost: func(n *virtnet.SubNetwork, hostname string) {
			if h := n.Host(hostname); h != nil {
				h.Close()
			}
		}},
		[]string{"Listener/AcceptIsToldWhy", "Conn/IsToldWhy"},
	},
	"ports are chosen badly": {
		wrong{laddr: func(laddr string) string {
			if laddr == "" {
				return ":9"
			}
			return laddr
		}},
		[]string{"Network/Ports"},
	},
	"nobody is refused": {
		wrong{dialled: func(net.Conn, error) (net.Conn, error) { return piped(), nil }},
		[]string{"Network/Refused", "Network/Context"},
	},
	"errors of Dial are wrapped": {
		wrong{dialled: func(c net.Conn, err error) (net.Conn, error) {
			if e, ok := errors.AsType[*net.OpError](err); ok {
				e.Err = fmt.Errorf("wrapped: %w", e.Err)
			}
			return c, err
		}},
		[]string{"Network/Refused"},
	},
	"errors of Dial are bare": {
		wrong{dialled: func(c net.Conn, err error) (net.Conn, error) {
			if e, ok := errors.AsType[*net.OpError](err); ok {
				err = e.Err
			}
			return c, err
		}},
		[]string{"Network/Refused", "Listener/Closed"},
	},
	"dialled conns are not there": {
		wrong{dialled: func(c net.Conn, err error) (net.Conn, error) {
			if err == nil {
				c.Close()
			}
			return nil, errors.Join(err, io.EOF)
		}},
		[]string{"Listener/AcceptByMany", "Listener/AcceptedGoesOn", "Network/ManyAtOnce"},
	},
	"accepted conns are not there": {
		wrong{listener: func(l net.Listener, err error) (net.Listener, error) {
			if err != nil {
				return nil, err
			}
			return deaf{l}, nil
		}},
		[]string{"Listener/AcceptByMany", "Listener/AcceptedGoesOn", "Network/ManyAtOnce"},
	},
	"Dial does not wait": {
		wrong{beforeDial: piped},
		[]string{"Listener/WaitsForAccept", "Listener/Closed", "Listener/AcceptByMany", "Network/ManyAtOnce"},
	},
	"ports are shared": {
		wrong{listener: func(l net.Listener, err error) (net.Listener, error) {
			if errors.Is(err, virtnet.ErrAddrAlreadyUsed) || errors.Is(err, virtnet.ErrAddrNoListen) {
				return listener{}, nil
			}
			return l, err
		}},
		[]string{"Listener/Addresses"},
	},
	"nobody listens": {
		wrong{listener: func(l net.Listener, _ error) (net.Listener, error) {
			if l != nil {
				l.Close()
			}
			return nil, io.EOF
		}},
		[]string{"Listener/Addresses", "Listener/WaitsForAccept", "Listener/AcceptedGoesOn", "Network/AutoClose"},
	},
	"Accept says something else": {
		wrong{listener: func(l net.Listener, err error) (net.Listener, error) {
			return listener{Listener: l, fail: func(error) error { return io.EOF }}, err
		}},
		[]string{"Listener/Closed", "Listener/AcceptIsToldWhy", "Network/NetworkAndLastHost"},
	},
	"a listener does not close": {
		wrong{listener: func(l net.Listener, err error) (net.Listener, error) {
			return listener{Listener: l, close: func() error { return io.EOF }}, err
		}},
		[]string{"Listener/Closed", "Listener/WaitsForAccept", "Listener/AcceptedGoesOn", "Network/Context"},
	},
	"there are no datagrams, and not why": {
		wrong{packet: func(net.PacketConn, error) (net.PacketConn, error) { return nil, io.EOF }},
		[]string{"PacketConn/Supported"},
	},
	"a backlog is promised": {
		wrong{announcement: func(n *virtnettest.Network) { n.Backlog = true }},
		[]string{"Listener/WaitsForAccept"},
	},
	"the listener's port is promised": {
		wrong{announcement: func(n *virtnettest.Network) { n.ListenerPort = true }},
		[]string{"Network/Ports", "Conn/Addresses"},
	},
	"datagrams are promised": {
		wrong{announcement: func(n *virtnettest.Network) { n.Datagrams = true }},
		[]string{"PacketConn/Supported", "PacketConn/Exchange"},
	},
	"addresses are those of others": {
		wrong{conn: func(c net.Conn) net.Conn { return conn{Conn: c, local: c.RemoteAddr} }},
		[]string{"Conn/Addresses", "Network/Ports", "Listener/AcceptByMany"},
	},
	"deadlines are no timeouts": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, fail: func(error) error { return io.ErrNoProgress }}
		}},
		[]string{"Conn/Deadlines", "Conn/PeerClosed", "Conn/IsToldWhy"},
	},
	"deadlines are ignored": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, deadline: func(time.Time) error { return nil }}
		}},
		[]string{"Conn/Deadlines", "Conn/IsToldWhy"},
	},
	"there are no deadlines": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, deadline: func(time.Time) error { return errors.ErrUnsupported }}
		}},
		[]string{"Conn/Deadlines"},
	},
	"the other end's close is one's own": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, fail: func(error) error { return net.ErrClosed }}
		}},
		[]string{"Conn/PeerClosed", "Conn/Deadlines"},
	},
	"bytes are changed": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, write: func(p []byte) (int, error) { return c.Write(make([]byte, len(p))) }}
		}},
		[]string{"Conn/EachPeer", "Listener/AcceptedGoesOn"},
	},
	"writes fail after all": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, write: func(p []byte) (int, error) {
				n, err := c.Write(p)
				return n, errors.Join(err, io.ErrShortWrite)
			}}
		}},
		[]string{"Listener/AcceptedGoesOn", "Network/ManyAtOnce"},
	},
	"nothing is written": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, write: func([]byte) (int, error) { return 0, io.ErrShortWrite }}
		}},
		[]string{"Network/ManyAtOnce"},
	},
	"a conn does not close": {
		wrong{conn: func(c net.Conn) net.Conn {
			return conn{Conn: c, close: func() error { return io.ErrNoProgress }}
		}},
		[]string{"Conn/CloseTwice", "Conn/PeerClosed", "Conn/IsToldWhy", "Network/ManyAtOnce"},
	},
}

// A goroutine that is left is seen.
func TestLeak(t *testing.T) {
	virtnettest.SetPatience(t, 20*time.Millisecond)
	end := make(chan struct{})
	defer close(end)
	for range 100 { // goroutines of earlier tests, which end meanwhile, would make up for it
		failures := record(t, func(t testing.TB) {
			virtnettest.NoLeak(t)
			go func() { <-end }()
		})
		if len(failures) == 1 {
			return
		}
	}
	t.Error("never seen")
}
