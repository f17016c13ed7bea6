package quicx_test

import (
	"os"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
)

// A refusal is a call on an option of level SOL_SOCKET that the kernel is to refuse.
type refusal struct {
	call  uint32 // SYS_SETSOCKOPT or SYS_GETSOCKOPT
	errno unix.Errno
	names []uint32
}

// install makes the kernel refuse it to this thread, and with SECCOMP_FILTER_FLAG_TSYNC to all, for ever.
func (r *refusal) install(flags uintptr) error {
	const number, level, name = 0, 16 + 8, 16 + 2*8 // offsets in struct seccomp_data, for little endian
	const load, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_RET | unix.BPF_K
	const equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	n := uint8(len(r.names))
	filter := []unix.SockFilter{
		{Code: load, K: number}, {Code: equal, K: r.call, Jf: n + 3},
		{Code: load, K: level}, {Code: equal, K: unix.SOL_SOCKET, Jf: n + 1},
		{Code: load, K: name},
	}
	for i, name := range r.names {
		filter = append(filter, unix.SockFilter{Code: equal, K: name, Jt: n - uint8(i)})
	}
	filter = append(filter,
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(r.errno)},
	)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// refusing calls f on a thread of its own, to which the kernel refuses something. The thread ends with it. What f
// starts in other goroutines is not refused.
func refusing(t *testing.T, r refusal, f func() error) error {
	t.Helper()
	installed, result := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never back: the thread is spoilt
		err := r.install(0)
		if installed <- err; err == nil {
			result <- f()
		}
	}()
	require.NoError(t, <-installed)
	return <-result
}

// bufferCalls are all that change the size of a buffer.
var bufferCalls = []uint32{unix.SO_RCVBUF, unix.SO_SNDBUF, unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE}

func TestSocketRefusedByTheKernel(t *testing.T) {
	keepAlive := sockopt.Options{sockopt.KeepAlive.Value(true)}
	receive := sockopt.Options{sockopt.RcvBuf.Value(50_000)}
	for name, c := range map[string]struct {
		refusal refusal
		options sockopt.Options
		size    int
		field   string
	}{
		"buffer that was asked for": {
			refusal{unix.SYS_SETSOCKOPT, unix.EPERM, bufferCalls}, nil, 300_000, "ReceiveBuffer",
		},
		"buffer that no kernel has": {
			refusal{unix.SYS_SETSOCKOPT, unix.EOPNOTSUPP, bufferCalls}, nil, 300_000, "ReceiveBuffer",
		},
		"option that waits for bind": {
			refusal{unix.SYS_SETSOCKOPT, unix.ENOPROTOOPT, []uint32{unix.SO_KEEPALIVE}}, keepAlive, 0, "Options",
		},
		"option that cannot be read back": {
			refusal{unix.SYS_GETSOCKOPT, unix.EPERM, []uint32{unix.SO_RCVBUF}}, receive, 0, "Options",
		},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			err := refusing(t, c.refusal, func() error {
				s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", c.options, c.size, 0)
				if err == nil {
					s.UDP.Close()
				}
				return err
			})
			require.ErrorIs(t, err, c.refusal.errno)
			var e *quicx.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "set option", e.Op)
			assert.Equal(t, c.field, e.Field)
		})
	}
}

// A socket whose sizes the kernel does not tell has 0 for them, and is as good as others.
func TestSocketSizesUnknown(t *testing.T) {
	noLeak(t)
	r := refusal{unix.SYS_GETSOCKOPT, unix.EPERM, []uint32{unix.SO_RCVBUF, unix.SO_SNDBUF}}
	var s *quicx.Opened
	require.NoError(t, refusing(t, r, func() (err error) {
		s, err = quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 0, 0)
		return err
	}))
	defer s.UDP.Close()
	assert.Zero(t, s.Info.ReceiveBuffer)
	assert.Zero(t, s.Info.SendBuffer)
	assert.True(t, s.Info.Addr.IsValid())
	assert.NotSame(t, s.UDP, s.Conn, "quic-go would print about its buffers")
}

// Where the system's limit is too low the default takes what CAP_NET_ADMIN allows.
func TestSocketPastTheLimitByDefault(t *testing.T) {
	noLeak(t)
	probe, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 0, 0)
	require.NoError(t, err)
	defer probe.UDP.Close()
	may := sockopt.RcvBufForce.Set(probe.UDP, 7<<20) == nil
	var s *quicx.Opened
	r := refusal{unix.SYS_SETSOCKOPT, unix.EPERM, []uint32{unix.SO_RCVBUF}}
	require.NoError(t, refusing(t, r, func() (err error) {
		s, err = quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 0, 0)
		return err
	}))
	defer s.UDP.Close()
	assert.Equal(t, may, s.Info.ReceiveBuffer >= 7<<20)
}

func TestSocketAdoptedCannotBeReadBack(t *testing.T) {
	noLeak(t)
	s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 0, 0)
	require.NoError(t, err)
	defer s.UDP.Close()
	r := refusal{unix.SYS_GETSOCKOPT, unix.EPERM, []uint32{unix.SO_RCVBUF}}
	err = refusing(t, r, func() error {
		_, err := quicx.AdoptSocket(s.UDP, sockopt.Options{sockopt.RcvBuf.Value(50_000)}, 0)
		return err
	})
	require.ErrorIs(t, err, unix.EPERM)
	require.ErrorContains(t, err, "Options=SO_RCVBUF=50000")
}

// A kernel that cannot steer is an error that says so, and no socket stays open.
func TestListener_ShardsNotSteered(t *testing.T) {
	noLeak(t)
	config := &quicx.ListenConfig{Address: "127.0.0.1:0", TLS: serverTLS(t), Shards: 3}
	r := refusal{unix.SYS_SETSOCKOPT, unix.ENOPROTOOPT, []uint32{unix.SO_ATTACH_REUSEPORT_CBPF}}
	err := refusing(t, r, func() error {
		l, err := quicx.NewListener(t.Context(), config)
		if err == nil {
			l.Close()
		}
		return err
	})
	require.ErrorIs(t, err, unix.ENOPROTOOPT)
	require.ErrorContains(t, err, "Shards=3")
	require.ErrorContains(t, err, "SO_ATTACH_REUSEPORT_CBPF")
}
