package sockopt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// samples are values to set, for options where those of the kind would not do. Each differs from the default.
var samples = map[string][]string{
	"SO_PRIORITY":           {"6", "0", "7"},
	"SO_BINDTODEVICE":       {"lo", ""},
	"SO_LOCK_FILTER":        {"true"},
	"SO_TIMESTAMPING":       {"24", "0"},
	"SO_BUSY_POLL_BUDGET":   {"16", "128"},
	"SO_SNDBUF":             {"65536", "1", "32768"},
	"SO_RCVBUF":             {"40000", "1", "32768"},
	"SO_SNDBUFFORCE":        {"33554432", "32768"},
	"SO_RCVBUFFORCE":        {"33554432", "32768"},
	"UDP_SEGMENT":           {"1400", "65535", "0"},
	"TCP_FASTOPEN":          {"256", "1", "0"},
	"SO_TIMESTAMPING_NEW":   {"24", "0"},
	"SO_BINDTOIFINDEX":      {"1", "0"},
	"SO_INCOMING_CPU":       {"0", "1"},
	"SO_CNX_ADVICE":         {"1"},
	"SO_BUF_LOCK":           {"3", "1", "0"},
	"SO_TXREHASH":           {"0", "1"},
	"SO_MARK":               {"4660", "4294967295", "2147483648", "0"},
	"SO_MAX_PACING_RATE":    {"1000000", "18446744073709551615"},
	"IP_ROUTER_ALERT":       {"true"},
	"IP_TOS":                {"184", "46", "0"},
	"IP_MTU_DISCOVER":       {"0", "3", "1"},
	"IPV6_MTU_DISCOVER":     {"0", "3", "1"},
	"IP_UNICAST_IF":         {"1", "0"},
	"IPV6_UNICAST_IF":       {"1", "0"},
	"IP_MULTICAST_IF":       {"1", "0"},
	"IPV6_MULTICAST_IF":     {"1", "0"},
	"IP_LOCAL_PORT_RANGE":   {"40000-40999", "40000-0", "0-50000", "0-0"},
	"IPV6_CHECKSUM":         {"2", "-1"},
	"IPV6_MTU":              {"1280", "1500"},
	"IPV6_ROUTER_ALERT":     {"1"},
	"IPV6_TCLASS":           {"184", "46", "-1"},
	"IPV6_ADDR_PREFERENCES": {"1", "2"},
	"TCP_MAXSEG":            {"1200", "88"},
	"TCP_CONGESTION":        {"reno", "bbr", "cubic"},
	"TCP_REPAIR":            {"1", "0"},
	"TCP_REPAIR_QUEUE":      {"1", "2"},
	"TCP_SAVE_SYN":          {"1", "2", "0"},
	"TCP_RTO_MAX_MS":        {"5s", "32.767s", "2m0s"},
	"TCP_RTO_MIN_US":        {"100ms", "200ms"},
	"TCP_DELACK_MAX_US":     {"40ms", "100ms"},
	"TCP_DEFER_ACCEPT":      {"5s", "1s", "0s"},
	"TCP_LINGER2":           {"10s", "-1s", "0s"},
	"UDP_ENCAP":             {"2", "3", "0"},
}

// samplesOf are the values to set.
func samplesOf(r *row, before value) []string {
	if s := samples[r.Name]; s != nil {
		return s
	}
	switch r.Kind {
	case KindBool:
		return []string{strconv.FormatBool(before.n == 0), strconv.FormatBool(before.n != 0)}
	case KindDuration:
		if r.Unit == "s" {
			return []string{"30s", "1s"}
		}
		return []string{"1.5s", "20ms"}
	case KindLinger:
		return []string{"5s", "0s", "off"}
	}
	if len(r.Range) > 0 && r.Range[len(r.Range)-1].Max < 4096 {
		return []string{"5", "7"}
	}
	return []string{"65536", "32768"}
}

// preparations bring a socket into the state in which an option exists.
var preparations = map[string]func(t *testing.T, network Networks) *os.File{
	"IPV6_ADDRFORM": mappedSocket,
	"IPV6_ROUTER_ALERT": func(t *testing.T, _ Networks) *os.File {
		return openSocket(t, unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_RAW)
	},
	"TCP_REPAIR_QUEUE": repairSocket,
	"TCP_QUEUE_SEQ":    repairQueueSocket,
	"TCP_TIMESTAMP":    repairSocket,
	"IP_MTU":           connectedSocket,
	"IPV6_MTU":         connectedSocket,
	"TCP_ULP":          connectedSocket,
}

// elsewhere are the rows that have a test of their own below.
var elsewhere = map[string]bool{"SO_RESERVE_MEM": true, "IPV6_ADDRFORM": true, "TCP_THIN_DUPACK": true, "TCP_ULP": true}

// TestTable gets, sets a different value and gets again, for each row on each network that it claims.
func TestTable(t *testing.T) {
	for i := range rows {
		r := &rows[i]
		if !r.Supported {
			continue
		}
		if elsewhere[r.Name] {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for network := range socketKinds {
				if !(&socket{network: network}).has(r) {
					continue
				}
				t.Run(strings.ReplaceAll(network.String(), " ", "_"), func(t *testing.T) { testRow(t, r, network) })
			}
		})
	}
}

func testRow(t *testing.T, r *row, network Networks) {
	prepare := preparations[r.Name]
	if prepare == nil {
		prepare = func(t *testing.T, network Networks) *os.File { return newSocket(t, network, 0) }
	}
	f := prepare(t, network)
	writeOnly := (&socket{network: network}).native(r).WriteOnly
	before, err := r.read1(f)
	if writeOnly {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	} else {
		require.NoError(t, err)
	}
	if r.ReadOnly {
		return
	}
	for i, text := range samplesOf(r, before) {
		o, err := Parse(r.Name + "=" + text)
		require.NoError(t, err)
		err = o.apply(f)
		if errors.Is(err, errors.ErrUnsupported) && olderThan(t, r.Since) {
			t.Skipf("%v; this kernel is older", err)
		}
		if r.Capability != "" && errors.Is(err, fs.ErrPermission) {
			needRoot(t)
		}
		require.NoError(t, err)
		require.NoError(t, Options{o}.Verify(f))
		if writeOnly {
			continue
		}
		got, err := r.read1(f)
		require.NoError(t, err)
		if r.ReadBack == Exact && len(r.Reset) == 0 {
			assert.Equal(t, text, r.Kind.format(got))
		}
		if i == 0 && r.ReadBack != Live {
			assert.NotEqual(t, before, got, "set %s, still %s", text, r.Kind.format(got))
		}
	}
}

// apply sets one option whatever its stage, as Handle.Set does.
func (o Option) apply(f *os.File) error {
	p := newPlan(Options{o}, 0)
	p.direct = true
	return p.on(f)
}

// olderThan reports whether the running kernel is older than the version from which a row should work.
func olderThan(t *testing.T, since string) bool {
	t.Helper()
	var uts unix.Utsname
	require.NoError(t, unix.Uname(&uts))
	release := unix.ByteSliceToString(uts.Release[:])
	var have, want [2]int
	_, err := fmt.Sscanf(release, "%d.%d", &have[0], &have[1])
	require.NoError(t, err)
	_, err = fmt.Sscanf(strings.TrimPrefix(since, "~"), "%d.%d", &want[0], &want[1])
	require.NoError(t, err)
	return slices.Compare(have[:], want[:]) < 0
}

func TestOlderThan(t *testing.T) {
	assert.False(t, olderThan(t, "2.6.32"))
	assert.False(t, olderThan(t, "~3.9"))
	assert.True(t, olderThan(t, "999.0"))
}

// TestAddrForm turns a connected IPv6 socket into an IPv4 one.
func TestAddrForm(t *testing.T) {
	for _, network := range []Networks{TCP6, UDP6} {
		t.Run(network.String(), func(t *testing.T) {
			f := mappedSocket(t, network)
			got, err := IPv6AddrForm.Get(f)
			require.NoError(t, err)
			assert.Equal(t, unix.AF_INET6, got)
			require.NoError(t, IPv6AddrForm.Set(f, unix.AF_INET))
			domain, err := Domain.Get(f)
			require.NoError(t, err)
			assert.Equal(t, unix.AF_INET, domain)
			_, err = IPv6AddrForm.Get(f)
			assert.ErrorIs(t, err, errors.ErrUnsupported)
		})
	}
}

// TestThinDupack shows that an option which the kernel takes and ignores is not taken silently.
func TestThinDupack(t *testing.T) {
	f := newSocket(t, TCP4, 0)
	err := TCPThinDupack.Set(f, true)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "ignored since Linux 4.11")
	require.NoError(t, TCPThinDupack.Set(f, false))
}

// TestULP sets the upper layer protocol where the kernel has TLS, and is told where it has not.
func TestULP(t *testing.T) {
	available, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_ulp")
	require.NoError(t, err)
	for _, network := range []Networks{TCP4, TCP6} {
		t.Run(network.String(), func(t *testing.T) {
			f := connectedSocket(t, network)
			got, err := TCPULP.Get(f)
			require.NoError(t, err)
			assert.Empty(t, got)
			err = TCPULP.Set(f, "tls")
			if !slices.Contains(strings.Fields(string(available)), "tls") {
				assert.ErrorIs(t, err, errors.ErrUnsupported)
				assert.ErrorIs(t, err, unix.ENOENT)
				return
			}
			require.NoError(t, err)
			assert.NoError(t, Options{TCPULP.Value("tls")}.Verify(f))
		})
	}
}

// TestReserveMem needs a memory control group that accounts sockets. The root group does not.
func TestReserveMem(t *testing.T) {
	t.Run("without a control group", func(t *testing.T) {
		if inMemoryGroup(t) {
			t.Skip("runs in a memory control group")
		}
		err := ReserveMem.Set(newSocket(t, TCP4, 0), 65536)
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorIs(t, err, unix.EOPNOTSUPP)
	})
	for _, network := range []Networks{TCP4, TCP6, UDP4, UDP6} {
		t.Run(network.String(), func(t *testing.T) {
			enterMemoryGroup(t)
			testRow(t, byName["SO_RESERVE_MEM"], network)
		})
	}
}

const memoryGroups = "/sys/fs/cgroup/memory" // version 1: threads can be members by themselves

func inMemoryGroup(t *testing.T) bool {
	t.Helper()
	groups, err := os.ReadFile("/proc/self/cgroup")
	require.NoError(t, err)
	return !regexp.MustCompile(`(?m)^(\d+:memory|0:):/$`).Match(groups)
}

// enterMemoryGroup makes the current thread a member of a new control group that accounts TCP memory.
func enterMemoryGroup(t *testing.T) {
	t.Helper()
	needRoot(t)
	dir := filepath.Join(memoryGroups, fmt.Sprintf("sockopt-test-%d-%d", os.Getpid(), unix.Gettid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no memory controller of control groups version 1: %v", err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "memory.kmem.tcp.limit_in_bytes"), []byte("1073741824"), 0))
	runtime.LockOSThread()
	tid := []byte(strconv.Itoa(unix.Gettid()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tasks"), tid, 0))
	t.Cleanup(func() {
		assert.NoError(t, os.WriteFile(filepath.Join(memoryGroups, "tasks"), tid, 0))
		runtime.UnlockOSThread()
		assert.Eventually(t, func() bool { return os.Remove(dir) == nil }, time.Minute, 10*time.Millisecond)
	})
}

func mappedSocket(t *testing.T, network Networks) *os.File {
	t.Helper()
	f := newSocket(t, network, 0)
	port := listenOn(t, network)
	require.NoError(t, unix.Connect(int(f.Fd()), &unix.SockaddrInet6{Port: port, Addr: [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}}))
	return f
}

// listenOn opens a socket on 127.0.0.1 to connect to.
func listenOn(t *testing.T, network Networks) int {
	t.Helper()
	kind := unix.SOCK_STREAM
	if network&udp != 0 {
		kind = unix.SOCK_DGRAM
	}
	l := openSocket(t, unix.AF_INET, kind, 0)
	require.NoError(t, unix.Bind(int(l.Fd()), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	if kind == unix.SOCK_STREAM {
		require.NoError(t, unix.Listen(int(l.Fd()), 8))
	}
	local, err := unix.Getsockname(int(l.Fd()))
	require.NoError(t, err)
	return local.(*unix.SockaddrInet4).Port
}

func connectedSocket(t *testing.T, network Networks) *os.File {
	t.Helper()
	if network&inet6 != 0 {
		f := newSocket(t, network, 0)
		if network&IP6 != 0 {
			require.NoError(t, unix.Connect(int(f.Fd()), &unix.SockaddrInet6{Addr: [16]byte{15: 1}}))
			return f
		}
		l := newSocket(t, network, 0)
		require.NoError(t, unix.Bind(int(l.Fd()), &unix.SockaddrInet6{Addr: [16]byte{15: 1}}))
		if network&tcp != 0 {
			require.NoError(t, unix.Listen(int(l.Fd()), 8))
		}
		local, err := unix.Getsockname(int(l.Fd()))
		require.NoError(t, err)
		require.NoError(t, unix.Connect(int(f.Fd()), local))
		return f
	}
	f := newSocket(t, network, 0)
	port := 0
	if network&IP4 == 0 {
		port = listenOn(t, network)
	}
	require.NoError(t, unix.Connect(int(f.Fd()), &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	return f
}

func repairSocket(t *testing.T, network Networks) *os.File {
	t.Helper()
	needRoot(t)
	f := newSocket(t, network, 0)
	require.NoError(t, TCPRepair.Value(1).apply(f))
	return f
}

func repairQueueSocket(t *testing.T, network Networks) *os.File {
	t.Helper()
	f := repairSocket(t, network)
	require.NoError(t, TCPRepairQueue.Value(2).apply(f))
	return f
}
