//go:build linux || darwin || freebsd

package cmsg

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Supported says whether this platform's control messages are known here.
const Supported = true

// Cut is the flags that say that data or control messages were longer than there
// was room for.
const Cut = unix.MSG_TRUNC | unix.MSG_CTRUNC

// sizeofLen is the size of cmsg_len: a size_t on Linux, a socklen_t on the BSDs.
const sizeofLen = unix.SizeofCmsghdr - 8

// Parse adds to i what the control messages say. Messages that it does not know
// are passed over. Bytes after the last whole message are an error.
func Parse(b []byte, i *Info) error {
	for len(b) > 0 {
		if len(b) < unix.SizeofCmsghdr {
			return errShort
		}
		size := length(b)
		if size < uint64(unix.CmsgLen(0)) || size > uint64(len(b)) { //nolint:gosec // small and positive
			return errShort
		}
		level := int(int32(binary.NativeEndian.Uint32(b[sizeofLen:])))  //nolint:gosec // a C int
		kind := int(int32(binary.NativeEndian.Uint32(b[sizeofLen+4:]))) //nolint:gosec // a C int
		data := b[unix.CmsgLen(0):size]
		i.take(level, kind, data)
		// The last message may come without its padding.
		b = b[min(unix.CmsgSpace(len(data)), len(b)):]
	}
	return nil
}

func length(b []byte) uint64 {
	if sizeofLen == 8 {
		return binary.NativeEndian.Uint64(b)
	}
	return uint64(binary.NativeEndian.Uint32(b))
}

// header appends a message with n bytes of zeros and returns them too.
func header(b []byte, level, kind, n int) (whole, data []byte) {
	start := len(b)
	b = append(b, zeros[:unix.CmsgSpace(n)]...)
	h := b[start:]
	if sizeofLen == 8 {
		binary.NativeEndian.PutUint64(h, uint64(unix.CmsgLen(n))) //nolint:gosec // small and positive
	} else {
		binary.NativeEndian.PutUint32(h, uint32(unix.CmsgLen(n))) //nolint:gosec // small and positive
	}
	binary.NativeEndian.PutUint32(h[sizeofLen:], uint32(level))  //nolint:gosec // a C int
	binary.NativeEndian.PutUint32(h[sizeofLen+4:], uint32(kind)) //nolint:gosec // a C int
	return b, h[unix.CmsgLen(0):][:n]
}

var zeros [64]byte

// appendInt appends a message that is a C int.
func appendInt(b []byte, level, kind, v int) []byte {
	b, data := header(b, level, kind, 4)
	binary.NativeEndian.PutUint32(data, uint32(v)) //nolint:gosec // a C int
	return b
}

// number reads a C int, or a byte where the kernel sends one.
func number(data []byte) (int, bool) {
	switch {
	case len(data) >= 4:
		return int(int32(binary.NativeEndian.Uint32(data))), true //nolint:gosec // a C int
	case len(data) > 0:
		return int(data[0]), true
	}
	return 0, false
}
