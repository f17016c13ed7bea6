package tunx_test

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
)

// control is a control message.
func control(level, kind int32, data []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(len(data)))
	copy(b[unix.CmsgLen(0):], data)
	return b
}

// Behind whatever the error queue says, it is a refusal only if one of the messages is.
func FuzzErrorQueue(f *testing.F) {
	refused := binary.NativeEndian.AppendUint32(nil, uint32(unix.ECONNREFUSED))
	f.Add(control(unix.SOL_IP, unix.IP_RECVERR, append(refused, make([]byte, 28)...)), int32(0), int32(0), []byte{})
	f.Add([]byte{}, int32(unix.SOL_IPV6), int32(unix.IPV6_RECVERR), refused)
	f.Add([]byte{}, int32(unix.SOL_IP), int32(unix.IP_RECVERR), []byte{111})
	f.Fuzz(func(t *testing.T, b []byte, level, kind int32, data []byte) {
		tunx.Refused(b)
		is := level == unix.SOL_IP && kind == unix.IP_RECVERR || level == unix.SOL_IPV6 && kind == unix.IPV6_RECVERR
		is = is && len(data) >= 4 && binary.NativeEndian.Uint32(data) == uint32(unix.ECONNREFUSED)
		if len(data) <= 80 { // there is no more room
			assert.Equal(t, is, tunx.Refused(control(level, kind, data)))
		}
	})
}
