package netns_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/quicx"
)

// A forger sends datagrams from addresses that nobody has, 10.98.0.0 and up, one from each. On the link it counts what
// arrives, and what is sent back to them.
type forger struct {
	fd   int
	to   netip.AddrPort
	next uint32

	mu      sync.Mutex
	in, out map[netip.Addr]int // bytes of datagrams, to and from the server
}

var forged = netip.MustParsePrefix("10.98.0.0/16")

func newForger() *forger { return &forger{in: map[netip.Addr]int{}, out: map[netip.Addr]int{}} }

// watch is for newLink.
func (f *forger) watch(fromClient bool, packet []byte) {
	if packet[0]>>4 != 4 {
		return
	}
	address, count := packet[16:20], f.out
	if fromClient {
		address, count = packet[12:16], f.in
	}
	if a := netip.AddrFrom4([4]byte(address)); forged.Contains(a) {
		f.mu.Lock()
		defer f.mu.Unlock()
		count[a] += len(packet) - 28
	}
}

// aim opens the raw socket, and makes the far end answer over the link.
func (f *forger) aim(t *testing.T, l *link, to string) {
	t.Helper()
	require.NoError(t, l.B.Run("ip", "route", "add", forged.String(), "dev", lab.Device))
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW) // implies IP_HDRINCL
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	f.fd, f.to = fd, netip.MustParseAddrPort(to)
}

// arrived tells from how many addresses something came.
func (f *forger) arrived() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.in)
}

// flood sends until datagrams from n more addresses have arrived.
func (f *forger) flood(n int, forge func() ([]byte, error)) error {
	want := f.arrived() + n
	for end := time.Now().Add(patience); f.arrived() < want; {
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d arrived", f.arrived(), want)
		}
		payload, err := forge()
		if err != nil {
			return err
		}
		if err := f.send(payload); err != nil {
			return err
		}
		if f.next%50 == 0 {
			time.Sleep(time.Millisecond) // the device drops what is sent faster than it is carried
		}
	}
	return nil
}

func (f *forger) send(payload []byte) error {
	p := make([]byte, 28, 28+len(payload))
	p[0], p[8], p[9] = 0x45, 64, unix.IPPROTO_UDP // the kernel fills in length and sum
	source, to := forged.Addr().As4(), f.to.Addr().As4()
	binary.BigEndian.PutUint16(source[2:], uint16(f.next))
	copy(p[12:], source[:])
	copy(p[16:], to[:])
	binary.BigEndian.PutUint16(p[20:], 40_000)
	binary.BigEndian.PutUint16(p[22:], f.to.Port())
	binary.BigEndian.PutUint16(p[24:], uint16(8+len(payload))) // sum 0: none
	f.next++
	for {
		err := unix.Sendto(f.fd, append(p, payload...), 0, &unix.SockaddrInet4{Addr: to})
		if err != unix.ENOBUFS && err != unix.EAGAIN && err != unix.EINTR {
			return err
		}
	}
}

// check sees that nobody got more than three times of what was sent in his name (RFC 9000, section 8.1), and less than a
// packet more: quic-go v0.65 looks at the limit before it sends a packet, and not at the packet. It tells how much all
// got, and begins to count anew.
func (f *forger) check(t *testing.T, what string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	in, out, most := 0, 0, 0.0
	for a, n := range f.in {
		in += n
		out += f.out[a]
		most = max(most, float64(f.out[a])/float64(n))
		assert.Less(t, f.out[a], 3*n+quicx.DefaultInitialPacketSize, "%s: to %v", what, a)
	}
	t.Logf("%s: %d addresses, %d bytes came, %d bytes went, %.2f times, %.2f to one", what, len(f.in), in, out,
		float64(out)/float64(in), most)
	assert.Less(t, out, in, what)
	clear(f.in)
	clear(f.out)
}
