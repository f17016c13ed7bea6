package sockopt_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/strata-net/strata/sockopt"
)

// A wineAnswer is how wine 8.0 differs from Windows in an option. Where it does not, the option must work.
type wineAnswer struct {
	get, set windows.Errno // what it answers; 0: it works
	ignores  bool          // it takes any value and reads the same as before
}

// absent is for options that wine does not know.
var absent = wineAnswer{get: windows.WSAENOPROTOOPT, set: windows.WSAENOPROTOOPT}

// noUDPLevel is for the options of the UDP level, of which wine has none.
var noUDPLevel = wineAnswer{get: windows.WSAEINVAL, set: windows.WSAEINVAL}

// wineAnswers has the rows that differ, and no others. All of it was measured.
var wineAnswers = map[string]wineAnswer{
	"SO_DEBUG":                       {ignores: true},
	"SO_DONTROUTE":                   {ignores: true},
	"SO_CONDITIONAL_ACCEPT":          absent,
	"SO_PAUSE_ACCEPT":                absent,
	"SO_PORT_SCALABILITY":            {get: windows.WSAENOPROTOOPT},
	"SO_REUSE_UNICASTPORT":           {get: windows.WSAENOPROTOOPT},
	"SO_REUSE_MULTICASTPORT":         {get: windows.WSAENOPROTOOPT},
	"IP_MULTICAST_IF":                {set: windows.WSAEINVAL}, // it takes addresses only
	"IP_RECEIVE_BROADCAST":           absent,
	"IP_RECVECN":                     absent,
	"IP_MTU_DISCOVER":                absent,
	"IP_MTU":                         absent,
	"IP_RECVERR":                     absent,
	"IP_USER_MTU":                    absent,
	"IPV6_PROTECTION_LEVEL":          {ignores: true},
	"IPV6_UNICAST_IF":                {set: windows.WSAEINVAL},
	"IPV6_TCLASS":                    absent,
	"IPV6_MTU_DISCOVER":              absent,
	"IPV6_MTU":                       absent,
	"TCP_KEEPIDLE":                   absent,
	"TCP_KEEPINTVL":                  absent,
	"TCP_KEEPCNT":                    absent,
	"TCP_MAXSEG":                     absent,
	"TCP_MAXRT":                      absent,
	"TCP_MAXRTMS":                    absent,
	"TCP_NOSYNRETRIES":               absent,
	"TCP_TIMESTAMPS":                 absent,
	"TCP_CONGESTION_ALGORITHM":       absent,
	"TCP_DELAY_FIN_ACK":              absent,
	"TCP_FASTOPEN":                   absent,
	"TCP_FAIL_CONNECT_ON_ICMP_ERROR": absent,
	"UDP_NOCHECKSUM":                 noUDPLevel,
	"UDP_SEND_MSG_SIZE":              noUDPLevel,
	"UDP_RECV_MAX_COALESCED_SIZE":    noUDPLevel,
}

// A socketKind is the arguments of socket for a network. The raw protocol is ICMP, the one that wine lets through.
type socketKind struct {
	network                sockopt.Networks
	family, kind, protocol int
	wine                   windows.Errno // what wine answers; 0: it has such sockets
}

const icmp = 1 // windows.IPPROTO_ICMP is not there

var socketKinds = []socketKind{
	{sockopt.TCP4, windows.AF_INET, windows.SOCK_STREAM, 0, 0},
	{sockopt.TCP6, windows.AF_INET6, windows.SOCK_STREAM, 0, 0},
	{sockopt.UDP4, windows.AF_INET, windows.SOCK_DGRAM, 0, 0},
	{sockopt.UDP6, windows.AF_INET6, windows.SOCK_DGRAM, 0, 0},
	{sockopt.IP4, windows.AF_INET, windows.SOCK_RAW, icmp, 0},
	{sockopt.IP6, windows.AF_INET6, windows.SOCK_RAW, windows.IPPROTO_ICMPV6, windows.WSAEPROTONOSUPPORT},
	{sockopt.Unix, windows.AF_UNIX, windows.SOCK_STREAM, 0, windows.WSAEAFNOSUPPORT},
}

func underWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// A handleConn is a socket that is neither bound nor connected, which package net does not hand out.
type handleConn windows.Handle

func (c handleConn) SyscallConn() (syscall.RawConn, error) { return c, nil }

func (c handleConn) Control(f func(fd uintptr)) error {
	f(uintptr(c))
	return nil
}

func (c handleConn) Read(func(fd uintptr) bool) error  { return errors.ErrUnsupported }
func (c handleConn) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// open opens a socket of the kind; ok is false where wine has none, after its answer has been checked.
func (k socketKind) open(t *testing.T) (c handleConn, ok bool) {
	t.Helper()
	h, err := windows.Socket(k.family, k.kind, k.protocol)
	if k.wine != 0 && underWine() {
		require.ErrorIs(t, err, k.wine)
		return 0, false
	}
	if k.kind == windows.SOCK_RAW && errors.Is(err, windows.WSAEACCES) && os.Getenv("CI") == "" {
		t.Skip("needs an administrator")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = windows.Closesocket(h) })
	return handleConn(h), true
}

// TestWindowsTable gets, sets a different value and gets again, for each row on each kind of socket that it claims.
func TestWindowsTable(t *testing.T) {
	for _, k := range socketKinds {
		t.Run(k.network.String(), func(t *testing.T) {
			if _, ok := k.open(t); !ok {
				return // the whole kind is absent, which open has checked
			}
			for info := range sockopt.All() {
				if info.Networks&k.network != 0 {
					t.Run(info.Name, func(t *testing.T) { testWindowsRow(t, info, k) })
				}
			}
		})
	}
}

// The table of differences has no row that this platform does not have.
func TestWineAnswersAreRows(t *testing.T) {
	for name := range wineAnswers {
		info, ok := sockopt.Lookup(name)
		assert.True(t, ok && info.Supported, name)
	}
}

func testWindowsRow(t *testing.T, info sockopt.Info, k socketKind) {
	t.Helper()
	var answer wineAnswer
	if underWine() {
		answer = wineAnswers[info.Name]
	}
	c := socketFor(t, info, k)
	before, err := sockopt.ReadText(c, info.Name)
	switch {
	case info.WriteOnly:
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorContains(t, err, "set only")
	default:
		requireAnswer(t, answer.get, err)
	}
	if info.ReadOnly {
		return
	}
	for _, text := range valuesFor(info, before) {
		o, err := sockopt.Parse(info.Name + "=" + text)
		require.NoError(t, err)
		requireAnswer(t, answer.set, set(t, c, k, o))
		got, err := sockopt.ReadText(c, info.Name)
		switch {
		case info.WriteOnly:
			continue
		case answer.get != 0 || answer.set != 0:
			requireAnswer(t, answer.get, err)
			assert.Equal(t, before, got)
		case answer.ignores:
			require.NoError(t, err)
			assert.Equal(t, before, got, "set %s", text)
		case info.ReadBack != sockopt.Live || underWine():
			require.NoError(t, err)
			assert.Equal(t, text, got)
		}
		if !info.BlockingOnly && answer == (wineAnswer{}) {
			require.NoError(t, sockopt.Options{o}.Verify(c))
		}
	}
}

// requireAnswer wants success, or an error with wine's errno. The two that mean that an option or its level is not
// there are errors.ErrUnsupported.
func requireAnswer(t *testing.T, want windows.Errno, err error) {
	t.Helper()
	if want == 0 {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, want)
	lacks := want == windows.WSAENOPROTOOPT || want == windows.WSAEOPNOTSUPP
	assert.Equal(t, lacks, errors.Is(err, errors.ErrUnsupported), "%v", err)
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Option)
}

// set sets the option at its stage. Those that do nothing on the sockets of package net are refused there, and are set
// past that.
func set(t *testing.T, c syscall.Conn, k socketKind, o sockopt.Option) error {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	err = sockopt.Options{o}.ApplyStage(o.Info().Stage, k.network.String(), raw)
	if !o.Info().BlockingOnly {
		return err
	}
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, raw.Control(func(fd uintptr) { err = sockopt.SetPast(fd, o) }))
	return err
}

// socketFor opens a socket in the state in which the option means something.
func socketFor(t *testing.T, info sockopt.Info, k socketKind) syscall.Conn {
	t.Helper()
	connected := slices.Contains([]string{"IP_MTU", "IPV6_MTU", "TCP_MAXSEG"}, info.Name)
	switch {
	case connected && k.kind == windows.SOCK_STREAM:
		c, _ := tcpPair(t, k.network.String())
		return c
	case connected && k.kind == windows.SOCK_DGRAM:
		peer := listenUDP(t, k.network.String())
		c, err := net.Dial(k.network.String(), peer.LocalAddr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c.(*net.UDPConn)
	case info.Stage == sockopt.Listening:
		return listenTCP(t, k.network.String())
	}
	c, ok := k.open(t)
	require.True(t, ok)
	return c
}

// valuesFor has values to set, each different from the one before.
func valuesFor(info sockopt.Info, before string) []string {
	switch {
	case info.Kind == sockopt.KindBool:
		return []string{strconv.FormatBool(before != "true"), strconv.FormatBool(before == "true")}
	case info.Kind == sockopt.KindLinger:
		return []string{"5s", "0s", "off", "18h12m15s"}
	case info.Kind == sockopt.KindDuration && info.Unit == "ms":
		return []string{"1.5s", "20ms"}
	case info.Kind == sockopt.KindDuration:
		return []string{"30s", "1s"}
	case info.Name == "IPV6_PROTECTION_LEVEL":
		return []string{"20", "30"}
	case info.Name == "TCP_FASTOPEN", info.Name == "TCP_CONGESTION_ALGORITHM":
		return []string{"1", "0"}
	case strings.HasSuffix(info.Name, "_IF"):
		return []string{"1"} // the loopback interface: no other number is sure to be one, and wine takes 0 anywhere
	case strings.HasSuffix(info.Name, "_MTU_DISCOVER"):
		return []string{"1", "2", "3"}
	case info.Name == "IP_TOS", info.Name == "IPV6_TCLASS":
		return []string{"184", "0"}
	case info.Unit == "byte":
		return []string{"1400", "65535"}
	}
	return []string{"9", "200"}
}

// A logical option is set at both levels of a dual-stack socket, and at one of a socket for IPv6 only.
func TestWindowsTwins(t *testing.T) {
	for _, dual := range []bool{true, false} {
		c, _ := socketKinds[3].open(t)
		list := sockopt.Options{sockopt.IPv6V6Only.Value(!dual), sockopt.IPTTL.Value(9)}
		before, err := windows.GetsockoptInt(windows.Handle(c), windows.IPPROTO_IP, windows.IP_TTL)
		require.NoError(t, err)
		require.NotEqual(t, 9, before)
		require.NoError(t, list.Control("udp6", "", c))
		require.NoError(t, list.Verify(c))
		hops, err := windows.GetsockoptInt(windows.Handle(c), windows.IPPROTO_IPV6, windows.IPV6_UNICAST_HOPS)
		require.NoError(t, err)
		assert.Equal(t, 9, hops)
		ttl, err := windows.GetsockoptInt(windows.Handle(c), windows.IPPROTO_IP, windows.IP_TTL)
		require.NoError(t, err)
		assert.Equal(t, dual, ttl == 9)
	}
}
