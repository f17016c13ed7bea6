package dtlsx_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// lossy loses the first datagrams each way that begin with a ChangeCipherSpec: the
// last flight, of a client that resumes a session or of a server that does not.
type lossy struct {
	net.PacketConn

	lose, miss atomic.Int32
}

func (l *lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := l.PacketConn.ReadFrom(b)
		if err != nil || b[0] != 20 || l.miss.Add(-1) < 0 {
			return n, from, err
		}
	}
}

func (l *lossy) WriteTo(b []byte, to net.Addr) (int, error) {
	if b[0] == 20 && l.lose.Add(-1) >= 0 {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, to)
}

// TestTheLastFlightIsLost: who sends it has to send it again when the peer does so
// (RFC 6347, section 4.2.4).
func TestTheLastFlightIsLost(t *testing.T) {
	noLeak(t)
	for name, resumed := range map[string]bool{"of the client, which resumes": true, "of the server": false} {
		t.Run(name, func(t *testing.T) {
			l, stop := echoOn(t, "127.0.0.1:0", dtlsx.Config{TLS: serverTLS(t), Sessions: cache(t), RetransmitInterval: 50 * time.Millisecond})
			defer stop()
			cfg := &dtlsx.Config{TLS: clientTLS(), Sessions: cache(t), RetransmitInterval: 50 * time.Millisecond}
			for i := range 2 {
				socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
				require.NoError(t, err)
				link := &lossy{PacketConn: socket}
				if i == 1 && resumed {
					link.lose.Store(2)
				}
				if i == 1 && !resumed {
					cfg.Sessions = nil
					link.miss.Store(2)
				}
				c, err := dtlsx.ShakeClient(t.Context(), cfg, link, l.Addr())
				require.NoError(t, err)
				t.Cleanup(func() { c.Close() })
				assert.Equal(t, i == 1 && resumed, c.ConnectionState().Resumed)
				eventually(t, "an answer", func() bool {
					say(t, c, "hello") // what comes before the flight may be lost
					assert.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
					n, err := c.Read(make([]byte, 10))
					return err == nil && n == 5
				})
				assert.LessOrEqual(t, max(link.lose.Load(), link.miss.Load()), int32(0))
				require.NoError(t, c.Close())
			}
		})
	}
}
