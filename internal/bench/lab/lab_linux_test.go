package lab_test

import (
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/internal/bench/lab/labtest"
)

func TestVeth(t *testing.T) {
	labtest.Need(t, "root", "ip")
	p, err := lab.NewVeth()
	require.NoError(t, err)
	t.Cleanup(p.Close)
	assert.Contains(t, features(t, p.A), "tx-udp-segmentation")
	require.NoError(t, p.WithoutOffload())
	for _, n := range []*lab.Namespace{p.A, p.B} {
		on := features(t, n)
		assert.NotContains(t, on, "tx-udp-segmentation")
		assert.NotContains(t, on, "rx-gro")
		assert.NotEmpty(t, on, "what nobody asked to turn off stays on")
	}
	connect(t, p)
}

func TestDelayed(t *testing.T) {
	labtest.Need(t, "root", "ip")
	p, err := lab.NewDelayed(50 * time.Millisecond)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	assert.GreaterOrEqual(t, connect(t, p), 100*time.Millisecond, "a handshake goes there and back")
}

// connect dials from A to B and says how long it took.
func connect(t *testing.T, p *lab.Pair) (took time.Duration) {
	t.Helper()
	var l net.Listener
	require.NoError(t, p.B.Do(func() (err error) {
		l, err = net.Listen("tcp4", lab.AddressB+":0")
		return err
	}))
	defer l.Close()
	require.NoError(t, p.A.Do(func() error {
		begun := time.Now()
		c, err := net.DialTimeout("tcp4", l.Addr().String(), time.Minute)
		took = time.Since(begun)
		if err == nil {
			c.Close()
		}
		return err
	}))
	return took
}

func features(t *testing.T, n *lab.Namespace) (on []string) {
	t.Helper()
	require.NoError(t, n.Do(func() (err error) {
		on, err = lab.Features(lab.Device)
		return err
	}))
	return on
}

// TestMainThreadStays makes many namespaces: one of them would get the main thread.
func TestMainThreadStays(t *testing.T) {
	labtest.Need(t, "root", "ip")
	before, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	for range 20 {
		n, err := lab.NewNamespace()
		require.NoError(t, err)
		inside, err := os.Readlink(n.Path())
		require.NoError(t, err)
		assert.NotEqual(t, before, inside)
		n.Close()
	}
	after, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// TestLink drops what does not pass, and shows both directions.
func TestLink(t *testing.T) {
	labtest.Need(t, "root", "ip")
	var asked, answered, dropped atomic.Int64
	p, err := lab.NewLink(&lab.Link{Pass: func(fromA bool, packet []byte) bool {
		if packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_TCP {
			return true
		}
		if fromA && asked.Add(1) == 1 {
			dropped.Add(1)
			return false // the first SYN
		}
		if !fromA {
			answered.Add(1)
		}
		return true
	}})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	assert.GreaterOrEqual(t, connect(t, p), time.Second, "the SYN is repeated after a second")
	assert.EqualValues(t, 1, dropped.Load())
	assert.Positive(t, answered.Load())
}
