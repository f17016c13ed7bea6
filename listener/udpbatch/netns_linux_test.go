package udpbatch_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// skipUnlessCI skips for the reason, but CI has to have everything.
func skipUnlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// inNamespace moves the test's goroutine into a new network namespace, which
// ends with it.
func inNamespace(t *testing.T) {
	t.Helper()
	inEmptyNamespace(t)
	up(t, "lo")
}

// inEmptyNamespace is inNamespace with a loopback that was never up.
func inEmptyNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	before, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		unix.Close(before)
		runtime.UnlockOSThread()
		skipUnlessCI(t, "a network namespace needs CAP_SYS_ADMIN: "+err.Error())
	}
	t.Cleanup(func() {
		defer unix.Close(before)
		require.NoError(t, unix.Setns(before, unix.CLONE_NEWNET))
		runtime.UnlockOSThread()
	})
}

// otherNamespace runs f on a thread in another new namespace and returns the
// namespace's descriptor, to which an interface can be moved.
func otherNamespace(t *testing.T) int {
	t.Helper()
	result := make(chan int)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if unix.Unshare(unix.CLONE_NEWNET) != nil {
			result <- -1
			return
		}
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			fd = -1
		}
		result <- fd
	}()
	fd := <-result
	require.GreaterOrEqual(t, fd, 0)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// inside runs f on a thread in the namespace.
func inside(t *testing.T, ns int, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(ns, unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	require.NoError(t, <-done)
}

// ifreq is struct ifreq with one number in its union.
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data [24]byte
}

func ioctl(t *testing.T, name string, request uintptr, fill func(r *ifreq)) {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(s)
	var r ifreq
	copy(r.name[:], name)
	fill(&r)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), request, uintptr(unsafe.Pointer(&r)))
	require.Zero(t, errno, name)
}

func up(t *testing.T, name string) {
	t.Helper()
	ioctl(t, name, unix.SIOCSIFFLAGS, func(r *ifreq) {
		binary.NativeEndian.PutUint16(r.data[:], unix.IFF_UP|unix.IFF_RUNNING)
	})
}

func setMTU(t *testing.T, name string, mtu uint32) {
	t.Helper()
	ioctl(t, name, unix.SIOCSIFMTU, func(r *ifreq) { binary.NativeEndian.PutUint32(r.data[:], mtu) })
}

// setAddr gives the interface an IPv4 address and a /24.
func setAddr(t *testing.T, name string, a netip.Addr) {
	t.Helper()
	put := func(ip [4]byte) func(r *ifreq) {
		return func(r *ifreq) {
			binary.NativeEndian.PutUint16(r.data[:], unix.AF_INET)
			copy(r.data[4:], ip[:])
		}
	}
	ioctl(t, name, unix.SIOCSIFADDR, put(a.As4()))
	ioctl(t, name, unix.SIOCSIFNETMASK, put([4]byte{255, 255, 255, 0}))
}

// ethtool turns an offload of the interface on or off (linux/ethtool.h).
func ethtool(t *testing.T, name string, command, value uint32) {
	t.Helper()
	v := &[2]uint32{command, value}
	var pin runtime.Pinner
	pin.Pin(v)
	defer pin.Unpin()
	ioctl(t, name, unix.SIOCETHTOOL, func(r *ifreq) {
		*(*unsafe.Pointer)(unsafe.Pointer(&r.data)) = unsafe.Pointer(v)
	})
}

// veth makes a pair of interfaces, of which the second is in the namespace ns.
func veth(t *testing.T, a, b string, ns int) {
	t.Helper()
	attr := func(kind uint16, data []byte) []byte {
		out := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
		out = append(binary.NativeEndian.AppendUint16(out, kind), data...)
		return append(out, make([]byte, -len(out)&3)...)
	}
	name := func(s string) []byte { return attr(unix.IFLA_IFNAME, append([]byte(s), 0)) }
	info := [unix.SizeofIfInfomsg]byte{}
	peer := slices.Concat(info[:], name(b), attr(unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(ns))))
	const infoPeer = 1 // VETH_INFO_PEER
	link := append(attr(unix.IFLA_INFO_KIND, []byte("veth")), attr(unix.IFLA_INFO_DATA, attr(infoPeer, peer))...)
	body := slices.Concat(info[:], name(a), attr(unix.IFLA_LINKINFO, link))
	netlink(t, unix.RTM_NEWLINK, body)
}

// netlink sends a request of rtnetlink(7) that has to be granted.
func netlink(t *testing.T, kind uint16, body []byte) {
	t.Helper()
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	defer unix.Close(s)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	b = append(b, make([]byte, 8)...)
	require.NoError(t, unix.Sendto(s, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(s, answer, 0)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, unix.SizeofNlMsghdr+4)
	errno := unix.Errno(-int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])))
	if errno == unix.EOPNOTSUPP {
		skipUnlessCI(t, "the kernel has no veth")
	}
	require.Zero(t, errno)
}

// linkLocal returns an IPv6 link-local address of the interface, if there is one.
func linkLocal(t *testing.T, name string) netip.Addr {
	t.Helper()
	ifi, err := net.InterfaceByName(name)
	require.NoError(t, err)
	addrs, err := ifi.Addrs()
	require.NoError(t, err)
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() {
			return p.Addr()
		}
	}
	return netip.Addr{}
}
