package sockopt

import (
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// privileged has the values for which an option needs its capability. Those of BindToDevice and its kin need it only to
// change a first value.
var privileged = map[string][]string{
	"SO_DEBUG":            {"true"},
	"SO_PRIORITY":         {"7", "-1"},
	"SO_BINDTODEVICE":     {"lo", ""},
	"SO_SNDBUFFORCE":      {"65536"},
	"SO_RCVBUFFORCE":      {"65536"},
	"SO_MARK":             {"1"},
	"SO_BINDTOIFINDEX":    {"1", "0"},
	"SO_PREFER_BUSY_POLL": {"true"},
	"SO_BUSY_POLL_BUDGET": {"60000"},
	"IP_TRANSPARENT":      {"true"},
	"IPV6_TRANSPARENT":    {"true"},
	"TCP_CONGESTION":      {forbiddenCongestion()},
	"TCP_REPAIR":          {"1"},
}

// forbiddenCongestion is an algorithm that the kernel has and ordinary users may not choose, "" if there is none.
func forbiddenCongestion() string {
	available, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	allowed, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
	for name := range strings.FieldsSeq(string(available)) {
		if !strings.Contains(string(allowed), name) {
			return name
		}
	}
	return ""
}

// TestWithoutCapabilities sets every row on a thread that has no privileges: those that need one name it,
// and all others work.
func TestWithoutCapabilities(t *testing.T) {
	for i := range rows {
		r := &rows[i]
		if !r.Supported || r.ReadOnly || elsewhere[r.Name] || preparations[r.Name] != nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for network := range socketKinds {
				if (&socket{network: network}).has(r) {
					t.Run(strings.ReplaceAll(network.String(), " ", "_"), func(t *testing.T) { testUnprivileged(t, r, network) })
				}
			}
		})
	}
}

func testUnprivileged(t *testing.T, r *row, network Networks) {
	f := newSocket(t, network, 0)
	unprivileged(t)
	values, needs := privileged[r.Name]
	if network&MPTCP != 0 && r.Name == "TCP_CONGESTION" {
		needs = false // it is kept for the subflows, of which there is none yet
	}
	if !needs {
		for _, text := range samplesOf(r, value{}) {
			o, err := Parse(r.Name + "=" + text)
			require.NoError(t, err)
			require.NoError(t, o.apply(f))
		}
		return
	}
	require.NotEmpty(t, r.Capability)
	for i, text := range values {
		if text == "" && r.Name == "TCP_CONGESTION" {
			t.Skip("every user may choose every algorithm of this kernel")
		}
		o, err := Parse(r.Name + "=" + text)
		require.NoError(t, err)
		err = o.apply(f)
		if strings.Contains(r.Condition, "change") && i == 0 {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, fs.ErrPermission, "%s=%s", r.Name, text)
		assert.ErrorContains(t, err, r.Capability)
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, r.Name, e.Option)
	}
}

// TestPreferIsNoExcuse: a missing privilege is an error for a preferred option too.
func TestPreferIsNoExcuse(t *testing.T) {
	f := newSocket(t, TCP4, 0)
	unprivileged(t)
	assert.ErrorIs(t, Options{Prefer(Mark.Value(1))}.Apply(f), fs.ErrPermission)
}

// unprivileged takes every capability from the current thread, which ends with the test.
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var saved, none [2]unix.CapUserData
	require.NoError(t, unix.Capget(&header, &saved[0]))
	none = saved
	none[0].Effective, none[1].Effective = 0, 0
	require.NoError(t, unix.Capset(&header, &none[0]))
	t.Cleanup(func() {
		assert.NoError(t, unix.Capset(&header, &saved[0]))
		runtime.UnlockOSThread()
	})
}
