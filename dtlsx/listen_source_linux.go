package dtlsx

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// sourceRoom is what the control messages of a datagram need, in bytes, and some
// more for what the options ask for.
const sourceRoom = 256

// wantSource asks the kernel for the address that each datagram was sent to. A
// socket that is bound to all addresses would else answer from the one that the
// routes prefer, and the client, which wrote to another one, would not know it.
func wantSource(network, _ string, c syscall.RawConn) error {
	level, option := syscall.IPPROTO_IP, syscall.IP_PKTINFO
	if network == "udp6" { // IPv4 too, if the socket has both
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO
	}
	var err error
	if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), level, option, 1) }); e != nil {
		return e
	}
	return err
}

// sourceOf returns the control message that sends from the address that a
// datagram was sent to: the one that came with it, but for the interface, which
// the routes choose. nil if there is none, or nothing can be sent from there.
func sourceOf(control []byte) []byte {
	for len(control) >= syscall.SizeofCmsghdr {
		size, level, kind := cmsgHeader(control)
		if size < syscall.SizeofCmsghdr || size > len(control) {
			return nil
		}
		message := control[:size:size]
		data := message[syscall.SizeofCmsghdr:]
		switch {
		case level == syscall.IPPROTO_IP && kind == syscall.IP_PKTINFO && len(data) == syscall.SizeofInet4Pktinfo:
			clear(data[:4]) // the interface; the local address follows, also for multicast
			return message
		case level == syscall.IPPROTO_IPV6 && kind == syscall.IPV6_PKTINFO && len(data) == syscall.SizeofInet6Pktinfo:
			ip := netip.AddrFrom16([16]byte(data))
			if ip.IsMulticast() {
				return nil
			}
			if !ip.IsLinkLocalUnicast() {
				clear(data[16:])
			}
			return message
		}
		control = control[min(cmsgSpace(size), len(control)):]
	}
	return nil
}

// cmsgHeader reads a struct cmsghdr, whose length is as long as a pointer.
func cmsgHeader(b []byte) (size int, level, kind int32) {
	const word = syscall.SizeofCmsghdr - 8
	n := uint64(binary.NativeEndian.Uint32(b))
	if word == 8 {
		n = binary.NativeEndian.Uint64(b)
	}
	size = int(min(n, 1<<16))
	return size, int32(binary.NativeEndian.Uint32(b[word:])), int32(binary.NativeEndian.Uint32(b[word+4:])) //nolint:gosec // C ints
}

// cmsgSpace is CMSG_SPACE of a message with its header.
func cmsgSpace(size int) int {
	const align = syscall.SizeofCmsghdr - 8
	return (size + align - 1) &^ (align - 1)
}
