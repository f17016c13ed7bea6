package listener_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

const protocolMPTCP = 262

func needMPTCP(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/mptcp/enabled")
	if err != nil || strings.TrimSpace(string(b)) != "1" {
		skipUnlessCI(t, "net.mptcp.enabled is not 1")
	}
}

func TestMultipath(t *testing.T) {
	needMPTCP(t)
	for _, test := range []struct {
		name, address, options string
		mode                   sockopt.Multipath
		on                     bool
		reason                 string
	}{
		{"default", "127.0.0.1:0", "", sockopt.MultipathDefault, true, ""},
		{"default, option refuses", "127.0.0.1:0", "IP_TTL=9,TCP_USER_TIMEOUT=5s", sockopt.MultipathDefault, false, "TCP_USER_TIMEOUT"},
		{"off", "127.0.0.1:0", "", sockopt.MultipathOff, false, "off"},
		{"prefer", "127.0.0.1:0", "TCP_NODELAY=false", sockopt.MultipathPrefer, true, ""},
		{"prefer, option refuses", "tcp6://[::1]:0", "TCP_SAVE_SYN=1", sockopt.MultipathPrefer, false, "TCP_SAVE_SYN"},
		{"require", "tcp6://[::1]:0", "", sockopt.MultipathRequire, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			// What GODEBUG says must not matter.
			t.Setenv("GODEBUG", map[bool]string{true: "multipathtcp=0", false: "multipathtcp=2"}[test.on])
			options := parse(t, test.options)
			l := open(t, &listener.Config{Address: test.address, Multipath: test.mode, Options: options})
			on, reason := listener.Multipath(l)
			assert.Equal(t, test.on, on)
			if test.on {
				assert.NoError(t, reason)
			} else {
				assert.ErrorContains(t, reason, test.reason)
			}
			assert.Equal(t, test.on, getInt(t, l, unix.SOL_SOCKET, unix.SO_PROTOCOL) == protocolMPTCP)

			d := net.Dialer{}
			d.SetMultipathTCP(true)
			client, err := d.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer client.Close()
			server := accept(t, l)
			used, err := server.(*net.TCPConn).MultipathTCP()
			require.NoError(t, err)
			assert.Equal(t, test.on, used)
		})
	}
}

func TestMultipathOfASecureListener(t *testing.T) {
	needMPTCP(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: newAuthority(t).server(t, "127.0.0.1")})
	on, reason := listener.Multipath(l)
	assert.True(t, on)
	assert.NoError(t, reason)
}

func TestMultipathRequireWithRefusingOption(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address: "127.0.0.1:0", Multipath: sockopt.MultipathRequire, Options: parse(t, "TCP_USER_TIMEOUT=5s"),
	})
	assert.Equal(t, "Multipath", failure(t, err).Field)
	assert.Equal(t, "require", failure(t, err).Value)
	assert.ErrorContains(t, err, "TCP_USER_TIMEOUT")
}

func TestMultipathOnUnix(t *testing.T) {
	path := "unix://" + filepath.Join(t.TempDir(), "s")
	l := open(t, &listener.Config{Address: path})
	on, reason := listener.Multipath(l)
	assert.False(t, on)
	require.ErrorIs(t, reason, errors.ErrUnsupported)
	_, err := listener.New(t.Context(), &listener.Config{Address: path + "2", Multipath: sockopt.MultipathRequire})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

// userTimeout is TCP_USER_TIMEOUT=5s in a form in which the table does not know
// that MPTCP refuses it.
func userTimeout() sockopt.Options {
	return sockopt.Options{sockopt.Raw(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, []byte{0x88, 0x13, 0, 0}), sockopt.RcvBuf.Value(65536)}
}

// Package net calls Control a second time, on a plain socket, when it fails on
// the MPTCP one: the options must be in force there, and the reason be known.
func TestControlUnderMPTCPFallback(t *testing.T) {
	needMPTCP(t)
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Options: userTimeout()})
	assert.Equal(t, 5000, getInt(t, l, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	assert.Equal(t, 131072, getInt(t, l, unix.SOL_SOCKET, unix.SO_RCVBUF))
	on, reason := listener.Multipath(l)
	assert.False(t, on)
	var option *sockopt.Error
	require.ErrorAs(t, reason, &option)
	assert.Equal(t, userTimeout()[0].Name(), option.Option)

	_, err := listener.New(t.Context(), &listener.Config{
		Address: "127.0.0.1:0", Options: userTimeout(), Multipath: sockopt.MultipathRequire,
	})
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "Multipath", failure(t, err).Field)
}

func TestKernelWithoutMPTCP(t *testing.T) {
	needMPTCP(t)
	unshared := make(chan error)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread is never unlocked, so it ends with the goroutine and its namespace.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if unshared <- err; err != nil {
			return
		}
		if !assert.NoError(t, os.WriteFile("/proc/sys/net/mptcp/enabled", []byte("0"), 0o600)) {
			return
		}
		l, err := listener.New(t.Context(), &listener.Config{Address: "tcp4://:0"})
		if assert.NoError(t, err) {
			_, reason := listener.Multipath(l)
			assert.ErrorContains(t, reason, "net.mptcp.enabled")
			assert.NoError(t, l.Close())
		}
		_, err = listener.New(t.Context(), &listener.Config{Address: "tcp4://:0", Multipath: sockopt.MultipathRequire})
		assert.ErrorIs(t, err, errors.ErrUnsupported)
	}()
	if err := <-unshared; err != nil {
		skipUnlessCI(t, "a network namespace needs CAP_SYS_ADMIN")
	}
	<-done
}
