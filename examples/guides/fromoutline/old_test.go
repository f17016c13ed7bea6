package fromoutline

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// oldDialer is a dialer of a program that is to be moved: it leads everything to a server.
type oldDialer struct{ server net.Addr }

func (d oldDialer) DialStream(ctx context.Context, address string) (oldStreamConn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.server.String())
	if err != nil {
		return nil, err
	}
	fmt.Println("dialled", address)
	return c.(*net.TCPConn), nil
}

// oldProxy is a packet proxy of such a program: it answers by itself.
type oldProxy struct{}

func (oldProxy) NewSession(r oldReceiver) (oldSender, error) { return oldSession{r}, nil }

type oldSession struct{ oldReceiver }

func (s oldSession) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	return s.WriteFrom(append([]byte("you said "), p...), net.UDPAddrFromAddrPort(to))
}

// hello is a server that says so and hangs up.
func hello() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "hello")
			c.Close()
		}
	}()
	return l, nil
}

// newClient is a stack behind a device, in the place of a phone's programs.
func newClient(dev tunx.IPDevice) (*netstack.Stack, error) {
	s, err := netstack.New(nil)
	if err != nil {
		return nil, err
	}
	if err := s.CreateNIC(1, dev); err != nil {
		return nil, err
	}
	if err := s.AddAddress(1, netip.MustParsePrefix("10.0.0.1/24")); err != nil {
		return nil, err
	}
	return s, s.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}})
}

// Datagrams pass the adapter both ways.
func TestPackets(t *testing.T) {
	near, far := tunx.Pipe(1500)
	f, err := forward.New(far, &forward.Config{Packets: packets{oldProxy{}}})
	require.NoError(t, err)
	defer f.Close()
	s, err := newClient(near)
	require.NoError(t, err)
	defer s.Close()
	c, err := s.Dial("udp", "192.0.2.1:9")
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(c, "x")
	require.NoError(t, err)
	p := make([]byte, 100)
	n, err := c.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "you said x", string(p[:n]))

	none, err := streams(oldDialer{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}}).DialStream(t.Context(), "x:1")
	require.Error(t, err)
	assert.Nil(t, none)
}
