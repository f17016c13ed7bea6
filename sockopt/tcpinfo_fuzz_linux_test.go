package sockopt

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A number is that of the whole struct, or absent if the kernel did not fill it. What a
// kernel fills more changes no other number.
func FuzzTCPInfo(f *testing.F) {
	full := make([]byte, unix.SizeofTCPInfo)
	for i := range full {
		full[i] = byte(i)
	}
	for _, n := range []int{0, 8, 104, 232, len(full)} { // of kernels long ago, too
		f.Add(full[:n])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var ti unix.TCPInfo
		n := copy(unsafe.Slice((*byte)(unsafe.Pointer(&ti)), unsafe.Sizeof(ti)), b)
		was := ti
		part := reflect.ValueOf(decodeTCPInfo(&ti, uintptr(n))).Elem()
		whole := reflect.ValueOf(decodeTCPInfo(&ti, unsafe.Sizeof(ti))).Elem()
		require.Equal(t, was, ti)
		for i := range part.NumField() {
			if part.Field(i).CanInt() && part.Field(i).Int() == Absent {
				continue
			}
			require.Equal(t, whole.Field(i).Interface(), part.Field(i).Interface(), part.Type().Field(i).Name)
		}
	})
}
