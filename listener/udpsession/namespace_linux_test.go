package udpsession_test

import (
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/sockopt"
)

// skipUnlessCI skips for what is missing here, which CI must have.
func skipUnlessCI(t *testing.T, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// inNamespace runs f in a network namespace that has only a loopback device.
func inNamespace(t *testing.T, f func()) {
	t.Helper()
	unshared, done := make(chan error), make(chan struct{})
	go func() {
		defer close(done)
		// The thread is never unlocked, so it ends with the goroutine and its namespace.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if unshared <- err; err == nil {
			run(t, "ip", "link", "set", "lo", "up")
			f()
		}
	}()
	if err := <-unshared; err != nil {
		skipUnlessCI(t, "a network namespace needs CAP_SYS_ADMIN")
	}
	<-done
}

// run starts a program of iproute2.
func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	assert.NoError(t, err, name+" "+strings.Join(arguments, " ")+": "+string(out))
}

// spoofer sends datagrams from addresses that are not its own.
type spoofer struct {
	fd     int
	to     unix.SockaddrInet4
	packet []byte
}

// newSpoofer sends payload to l, whose address is of IPv4. The thread's
// namespace is the one it sends in.
func newSpoofer(t *testing.T, l net.Listener, payload int) *spoofer {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW) // implies IP_HDRINCL
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	to := l.Addr().(*net.UDPAddr).AddrPort()
	s := &spoofer{fd: fd, packet: make([]byte, 28+payload)}
	s.to.Addr = to.Addr().Unmap().As4()
	s.packet[0], s.packet[8], s.packet[9] = 0x45, 64, unix.IPPROTO_UDP // the kernel fills in length and sum
	copy(s.packet[16:], s.to.Addr[:])
	binary.BigEndian.PutUint16(s.packet[22:], to.Port())
	binary.BigEndian.PutUint16(s.packet[24:], uint16(8+payload)) // sum 0: none
	return s
}

// send sends from a source that is another one for each n up to 2^38.
func (s *spoofer) send(n int) error {
	s.packet[12], s.packet[13], s.packet[14], s.packet[15] = 127, byte(n>>16), byte(n>>8), byte(n)
	binary.BigEndian.PutUint16(s.packet[20:], uint16(1024+n>>24))
	for {
		err := unix.Sendto(s.fd, s.packet, 0, &s.to)
		if err != unix.ENOBUFS && err != unix.EAGAIN {
			return err
		}
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

const flood = 200_000

func TestAFloodOfForgedSources(t *testing.T) {
	for name, test := range map[string]struct {
		config udpsession.Config
		accept bool
	}{
		"refuse":         {udpsession.Config{MaxSessions: 20_000, Backlog: 20_000}, true},
		"evict":          {udpsession.Config{MaxSessions: 20_000, OnFull: udpsession.EvictIdle}, true},
		"backlog":        {udpsession.Config{Backlog: 1000}, false},
		"bytes":          {udpsession.Config{MaxBytes: 1 << 20, Backlog: 50_000}, false},
		"default limits": {udpsession.Config{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			inNamespace(t, func() {
				noLeak(t)
				before := heap()
				test.config.Address, test.config.Options = "127.0.0.1:0", sockopt.Options{sockopt.RcvBufForce.Value(16 << 20)}
				l := open(t, test.config)
				client, session := pair(t, l)
				var group sync.WaitGroup
				if test.accept {
					group.Go(func() { acceptAll(l, test.config.OnFull == udpsession.EvictIdle) })
				}
				floodIt(t, l, client, session)

				s := l.Stats()
				most := test.config.MaxSessions
				if most == 0 {
					most = udpsession.DefaultMaxSessions
				}
				assert.LessOrEqual(t, s.Active, most)
				assert.Greater(t, s.Received, uint64(flood/2))
				each := float64(heap()-before) / float64(s.Active)
				t.Logf("%.0f B of heap for each of %d sessions; %+v", each, s.Active, s)
				assert.LessOrEqual(t, heap()-before, int64(16<<20+1024*s.Active))

				if test.config.OnFull == udpsession.EvictIdle { // a new client gets in at once
					late := dial(t, l)
					send(t, late, "late")
					assert.Equal(t, "late", receive(t, late))
				}
				require.NoError(t, l.Close())
				group.Wait()
			})
		})
	}
}

// acceptAll keeps nothing of what it accepts, and answers those who ask.
func acceptAll(l net.Listener, answer bool) {
	buf := make([]byte, 9)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if answer {
			if n, err := c.Read(buf); err == nil && string(buf[:n]) == "late" {
				c.Write(buf[:n])
			}
		}
	}
}

// floodIt floods l while a client that has a session uses it.
func floodIt(t *testing.T, l *udpsession.Listener, client net.Conn, session *udpsession.Conn) {
	s := newSpoofer(t, l, 20)
	for n := range flood {
		if !assert.NoError(t, s.send(n)) {
			return
		}
		if n%10_000 == 0 {
			send(t, client, "genuine")
			assert.Equal(t, "genuine", receive(t, session))
			send(t, session, "answer")
			assert.Equal(t, "answer", receive(t, client))
		}
	}
	send(t, client, "last")
	assert.Equal(t, "last", receive(t, session))
}

// acceptFrom takes the session of a client that writes until it has one: an
// address that is new is usable only when the kernel's queue of work got to it.
func acceptFrom(t *testing.T, l *udpsession.Listener, client net.PacketConn, to net.Addr) *udpsession.Conn {
	t.Helper()
	before := l.Stats().Created
	await(t, "a session", func() bool {
		_, err := client.WriteTo([]byte("hello"), to)
		return err == nil && l.Stats().Created > before
	})
	return accept(t, l)
}

// A session answers from the address that the client wrote to, and a client that
// writes to two has two sessions.
func TestAnswersComeFromTheAddressAsked(t *testing.T) {
	inNamespace(t, func() {
		run(t, "ip", "address", "add", "fd00::1/128", "dev", "lo", "nodad")
		run(t, "ip", "address", "add", "fd00::2/128", "dev", "lo", "nodad")
		for address, targets := range map[string][]string{
			"udp4://:0":          {"127.0.0.1", "127.0.0.2", "127.7.8.9"},
			"udp6://[::]:0":      {"::1", "fd00::1", "fd00::2"},
			"udp://:0":           {"127.0.0.1", "127.0.0.2", "::1", "fd00::2"},
			"udp://localhost:0":  {"127.0.0.1"},
			"udp://127.0.0.2:0":  {"127.0.0.2"},
			"udp6://[fd00::1]:0": {"fd00::1"},
			"udp4://0.0.0.0:0":   {"127.0.0.3"},
			"[::ffff:0.0.0.0]:0": {"127.0.0.3"},
		} {
			l := open(t, udpsession.Config{Address: address})
			port := l.Addr().(*net.UDPAddr).Port
			for _, network := range []string{"udp4", "udp6"} {
				client, err := net.ListenPacket(network, ":0") // not connected, so that any answer is seen
				require.NoError(t, err)
				for _, target := range targets {
					to := &net.UDPAddr{IP: net.ParseIP(target), Port: port}
					if (to.IP.To4() != nil) != (network == "udp4") {
						continue
					}
					session := acceptFrom(t, l, client, to)
					assert.Equal(t, to.String(), session.LocalAddr().String(), address)
					send(t, session, "answer")
					require.NoError(t, client.SetReadDeadline(time.Now().Add(patience)))
					n, from, err := client.ReadFrom(make([]byte, 9))
					require.NoError(t, err)
					assert.Equal(t, 6, n)
					assert.Equal(t, to.String(), from.String(), address)
				}
				client.Close()
			}
			require.NoError(t, l.Close())
		}
	})
}

func TestLinkLocalAddresses(t *testing.T) {
	inNamespace(t, func() {
		run(t, "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
		run(t, "ip", "address", "add", "fe80::a/64", "dev", "v0", "nodad")
		run(t, "ip", "address", "add", "fd00::a/64", "dev", "v0", "nodad")
		run(t, "ip", "link", "set", "v0", "up")
		run(t, "ip", "link", "set", "v1", "up")
		l := open(t, udpsession.Config{Address: "udp6://[::]:0"})
		v0, err := net.InterfaceByName("v0")
		require.NoError(t, err)
		to := &net.UDPAddr{IP: net.ParseIP("fe80::a"), Zone: "v0", Port: l.Addr().(*net.UDPAddr).Port}
		for _, from := range []string{"fe80::a", "fd00::a"} {
			client, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.ParseIP(from), Zone: "v0"})
			require.NoError(t, err)
			defer client.Close()
			session := acceptFrom(t, l, client, to)
			assert.Equal(t, strconv.Itoa(v0.Index), session.LocalAddr().(*net.UDPAddr).Zone)
			var n int
			var answerer net.Addr
			// Nor is there a route to it before that, only a neighbour to be asked for, who is nobody.
			await(t, "an answer to "+from, func() bool {
				send(t, session, "answer")
				require.NoError(t, client.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
				n, answerer, err = client.ReadFrom(make([]byte, 9))
				return err == nil
			})
			assert.Equal(t, 6, n)
			assert.Equal(t, "fe80::a", answerer.(*net.UDPAddr).IP.String())
		}
	})
}

// An ICMP error, which comes to the socket and not to a session, stops nobody.
func TestErrorsOfTheSocketAreSurvived(t *testing.T) {
	l := open(t, udpsession.Config{Options: sockopt.Options{sockopt.IPRecvErr.Value(true)}})
	// At an address that others do not use, so that nobody gets the port.
	d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 45, 67, 89)}}
	gone, err := d.Dial("udp", l.Addr().String())
	require.NoError(t, err)
	send(t, gone, "begin")
	session := accept(t, l)
	require.NoError(t, gone.Close())
	for l.Stats().ReadErrors < 11 { // it begins to pause after some
		before := l.Stats().ReadErrors
		session.Write([]byte("anybody?"))
		for end := time.Now().Add(10 * time.Millisecond); l.Stats().ReadErrors == before && time.Now().Before(end); {
			time.Sleep(100 * time.Microsecond) // the next Write may be told instead
		}
	}
	client, session := pair(t, l)
	send(t, session, "still here")
	assert.Equal(t, "still here", receive(t, client))
}

// Who writes to everybody or to a group is answered from an address of the system's choice.
func TestAnswersToABroadcast(t *testing.T) {
	inNamespace(t, func() {
		run(t, "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
		run(t, "ip", "address", "add", "10.1.2.3/24", "broadcast", "10.1.2.255", "dev", "v0")
		run(t, "ip", "link", "set", "v0", "up")
		run(t, "ip", "link", "set", "v1", "up")
		run(t, "ip", "route", "add", "255.255.255.255", "dev", "v0")
		run(t, "ip", "route", "add", "224.0.0.0/4", "dev", "v0")
		l := open(t, udpsession.Config{Address: "udp4://:0"})
		raw, err := l.SyscallConn()
		require.NoError(t, err)
		var joinErr error
		require.NoError(t, raw.Control(func(fd uintptr) {
			joinErr = unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{
				Multiaddr: [4]byte{224, 0, 0, 251}, Address: [4]byte{10, 1, 2, 3},
			})
		}))
		require.NoError(t, joinErr)
		for _, to := range []string{"255.255.255.255", "224.0.0.251"} {
			client, err := net.ListenPacket("udp4", ":0")
			require.NoError(t, err)
			defer client.Close()
			_, err = client.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.ParseIP(to), Port: l.Addr().(*net.UDPAddr).Port})
			require.NoError(t, err)
			session := accept(t, l)
			assert.Equal(t, "hello", receive(t, session))
			for range 2 {
				send(t, session, "answer")
				require.NoError(t, client.SetReadDeadline(time.Now().Add(patience)))
				n, from, err := client.ReadFrom(make([]byte, 9))
				require.NoError(t, err)
				assert.Equal(t, 6, n)
				assert.Equal(t, "10.1.2.3", from.(*net.UDPAddr).IP.String())
			}
		}
	})
}

// A deadline holds while the socket's send buffer is full, also for a session
// that waits for another one's turn, and so does the end of the session.
func TestDeadlinesOfAWriteThatIsBlocked(t *testing.T) {
	if _, err := exec.LookPath("tc"); err != nil {
		skipUnlessCI(t, "tc, of Debian's iproute2")
	}
	inNamespace(t, func() {
		noLeak(t)
		l := open(t, udpsession.Config{Options: sockopt.Options{sockopt.SndBuf.Value(4608)}})
		_, first := pair(t, l)
		_, second := pair(t, l)
		// A byte a second and a bucket of one packet: what is sent stays in the queue, and in the send buffer's account.
		run(t, "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "8bit", "burst", "2000", "limit", "1000000")
		block := func(c net.Conn) error {
			for {
				if _, err := c.Write(make([]byte, 1000)); err != nil {
					return err
				}
			}
		}
		require.NoError(t, first.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		assert.ErrorIs(t, block(first), os.ErrDeadlineExceeded)

		require.NoError(t, first.SetWriteDeadline(time.Time{}))
		ended := make(chan error, 2)
		go func() { ended <- block(first) }()
		await(t, "the first has its turn", func() bool { return udpsession.Writes(l) })
		require.NoError(t, second.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
		assert.ErrorIs(t, block(second), os.ErrDeadlineExceeded)
		require.NoError(t, second.SetWriteDeadline(time.Time{}))
		go func() { ended <- block(second) }()
		require.NoError(t, first.SetWriteDeadline(time.Now().Add(10*time.Millisecond))) // set while it waits
		assert.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
		require.NoError(t, first.SetWriteDeadline(time.Time{}))
		go func() { ended <- block(first) }()
		await(t, "one of them has its turn", func() bool { return udpsession.Writes(l) })
		for _, c := range []net.Conn{second, first} {
			require.NoError(t, c.Close())
			assert.ErrorIs(t, <-ended, net.ErrClosed)
		}
	})
}
