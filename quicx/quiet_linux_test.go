package quicx_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/quicx"
)

// TestNothingIsPrinted runs a dialer and a listener in a process that may not enlarge buffers, as most may not with the
// limits that Linux begins with. Bare quic-go prints there.
func TestNothingIsPrinted(t *testing.T) {
	output := func(role string) string {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestQuietChild$")
		// The race detector would let it sleep for a second at its end.
		cmd.Env = append(os.Environ(), "STRATA_QUIET="+role, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
		b, err := cmd.CombinedOutput()
		require.NoError(t, err, string(b))
		return string(b)
	}
	assert.Contains(t, output("bare"), "receive buffer size", "else the test shows nothing")
	ours := output("ours")
	assert.NotContains(t, ours, "buffer")
	assert.Regexp(t, `^PASS\n(coverage: .*\n)?$`, ours)
}

// TestQuietChild is that process.
func TestQuietChild(t *testing.T) {
	role := os.Getenv("STRATA_QUIET")
	if role == "" {
		return // it is for TestNothingIsPrinted
	}
	refuseBuffers(t)
	if role == "bare" {
		startServer(t, "127.0.0.1:0", nil)
		return
	}
	l := listen(t, nil)
	serve(t, l)
	config := trusting()
	config.NextProtos = []string{echoALPN}
	c := dialer(t, &quicx.DialConfig{TLS: config})
	conn, err := c.DialContext(t.Context(), "udp", l.Addr().String())
	require.NoError(t, err)
	assert.True(t, conn.ConnectionState().GSO, "it stays on")
	echo(t, conn, string(make([]byte, 200_000)))
	info := c.Sockets()[0]
	assert.Less(t, info.ReceiveBuffer, 7<<20)
	assert.Less(t, info.SendBuffer, 7<<20)

	c = dialer(t, &quicx.DialConfig{TLS: config, ReceiveBuffer: 6 << 20})
	_, err = c.DialContext(t.Context(), "udp", l.Addr().String())
	require.ErrorIs(t, err, unix.EPERM, "a size that was asked for is an error")
	require.ErrorContains(t, err, "ReceiveBuffer=6291456: ")
}

// refuseBuffers makes the kernel refuse SO_RCVBUF, SO_SNDBUF and what forces them to this process, for ever.
func refuseBuffers(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // the calls are for the thread, from which the last one reaches all
	defer runtime.UnlockOSThread()
	r := refusal{unix.SYS_SETSOCKOPT, unix.EPERM, bufferCalls}
	require.NoError(t, r.install(unix.SECCOMP_FILTER_FLAG_TSYNC))
}

func TestAskedBuffersStay(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{ReceiveBuffer: 300_000, SendBuffer: 200_000})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	echo(t, conn, string(make([]byte, 200_000)))
	info := c.Sockets()[0]
	assert.Equal(t, 600_000, info.ReceiveBuffer, "quic-go has not enlarged it")
	assert.Equal(t, 400_000, info.SendBuffer)
	assert.True(t, info.GSO)
	assert.True(t, info.ECN)
	assert.True(t, conn.ConnectionState().GSO)
}
