package netns_test

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/internal/bench/lab/labtest"
)

// The addresses of both ends; the client's end has a second one.
const (
	client4, client4b, server4 = lab.AddressA, "10.99.0.3", lab.AddressB
	client6, client6b, server6 = "fd99::1", "fd99::3", "fd99::2"
)

// delay is that of a link, one way: so there is something to lose in flight.
const delay = 2 * time.Millisecond

// A link is between the process's namespace, where the clients are, and one for the servers. It treats UDP alone.
type link struct {
	*lab.Pair

	narrow  atomic.Int64 // the largest IP packet that crosses, 0 for any
	shift   atomic.Int64 // added to the port of a client, as a NAT does; IPv4
	inner   sync.Map     // the ports of clients
	watch   func(fromClient bool, packet []byte)
	lost    [2]atomic.Int64 // by chance; from the server, and from the client
	cut     atomic.Int64    // that were too large
	largest atomic.Int64    // that has crossed
	crossed atomic.Int64    // packets
}

// newLink makes a link that loses so many of a thousand packets, the same ones each time.
func newLink(t *testing.T, lose int, watch func(fromClient bool, packet []byte)) *link {
	t.Helper()
	labtest.Need(t, "root", "ip")
	l := &link{watch: watch}
	dice := [2]*rand.Rand{rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))}
	pair, err := lab.NewLink(&lab.Link{Here: true, Delay: delay, Pass: func(fromA bool, packet []byte) bool {
		return l.pass(fromA, packet, dice, lose)
	}})
	require.NoError(t, err)
	l.Pair = pair
	t.Cleanup(pair.Close)
	for address, n := range map[string]*lab.Namespace{
		client4b + "/24": pair.A, client6 + "/64": pair.A, client6b + "/64": pair.A, server6 + "/64": pair.B,
	} {
		require.NoError(t, n.Run("ip", "address", "add", address, "dev", lab.Device, "nodad"))
	}
	return l
}

// pass says whether a packet crosses.
func (l *link) pass(fromClient bool, packet []byte, dice [2]*rand.Rand, lose int) bool {
	udp := datagram(packet)
	if udp == nil {
		return true
	}
	if l.watch != nil {
		l.watch(fromClient, packet)
	}
	size := int64(len(packet))
	if limit := l.narrow.Load(); limit > 0 && size > limit {
		l.cut.Add(1)
		return false // and nobody is told, as behind most firewalls
	}
	way := 0
	if fromClient {
		way = 1
	}
	if lose > 0 && dice[way].IntN(1000) < lose {
		l.lost[way].Add(1)
		return false
	}
	raise(&l.largest, size)
	l.crossed.Add(1)
	return l.translate(fromClient, udp)
}

// raise makes n at least v.
func raise(n *atomic.Int64, v int64) {
	for {
		now := n.Load()
		if v <= now || n.CompareAndSwap(now, v) {
			return
		}
	}
}

// datagram returns the UDP header and what follows, nil if it is something else.
func datagram(packet []byte) []byte {
	switch {
	case len(packet) >= 28 && packet[0] == 0x45 && packet[9] == unix.IPPROTO_UDP:
		return packet[20:]
	case len(packet) >= 48 && packet[0]>>4 == 6 && packet[6] == unix.IPPROTO_UDP:
		return packet[40:]
	}
	return nil
}

// translate changes the client's port as a NAT does. What is for another mapping than the present one does not get back.
func (l *link) translate(fromClient bool, udp []byte) bool {
	shift := uint16(l.shift.Load())
	if fromClient {
		port := binary.BigEndian.Uint16(udp)
		l.inner.Store(port, true)
		binary.BigEndian.PutUint16(udp, port+shift)
	} else {
		port := binary.BigEndian.Uint16(udp[2:]) - shift
		if _, ok := l.inner.Load(port); !ok {
			return false
		}
		binary.BigEndian.PutUint16(udp[2:], port)
	}
	if shift != 0 {
		binary.BigEndian.PutUint16(udp[6:], 0) // no checksum, which IPv4 allows
	}
	return true
}
