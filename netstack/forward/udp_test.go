package forward_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// redirect is a packet proxy that sends everything to one address, and says that the
// answers come from where the request went.
type redirect struct{ to netip.AddrPort }

func (r redirect) NewSession(answers tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.to))
	if err != nil {
		return nil, err
	}
	return &redirected{c: c, answers: answers}, nil
}

type redirected struct {
	c       *net.UDPConn
	answers tunx.PacketResponseReceiver
	started bool
}

func (r *redirected) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	if !r.started {
		r.started = true
		go func() {
			b := make([]byte, 65535)
			for {
				n, err := r.c.Read(b)
				if err != nil {
					return
				}
				r.answers.WriteFrom(b[:n], net.UDPAddrFromAddrPort(destination))
			}
		}()
	}
	return r.c.Write(p)
}

func (r *redirected) Close() error { return r.c.Close() }

// udpEcho sends datagrams back, on loopback, until the test ends.
func udpEcho(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 65535)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			c.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestDatagrams(t *testing.T) {
	for name, address := range map[string]string{"ipv4": server4, "ipv6": server6} {
		for _, size := range []int{0, 1, 512, 1400, 1500, 4000, 60000} {
			t.Run(name, func(t *testing.T) {
				noLeak(t)
				s, _ := open(t, &forward.Config{Packets: redirect{udpEcho(t)}})
				c, err := s.DialContext(t.Context(), "udp", net.JoinHostPort(address, "7"))
				require.NoError(t, err)
				defer c.Close()
				sent := make([]byte, size)
				for i := range sent {
					sent[i] = byte(i * 7)
				}
				_, err = c.Write(sent)
				require.NoError(t, err)
				require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
				got := make([]byte, 65535)
				n, err := c.Read(got)
				require.NoError(t, err)
				assert.Equal(t, sent, got[:n])
			})
		}
	}
}
