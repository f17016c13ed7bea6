package sockopt

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestTCPInfo reads a live connection and compares with what ss says of it.
func TestTCPInfo(t *testing.T) {
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client, server := pair(t, l, net.Dialer{})
	m, err := TCPInfo(client)
	require.NoError(t, err)
	assert.Equal(t, "open", m.Congestion)
	const size = 1 << 20
	go func() { _, _ = client.Write(make([]byte, size)) }()
	_, err = io.ReadFull(server, make([]byte, size))
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the last acknowledgement may be delayed
		m, err = TCPInfo(client)
		return err == nil && m.BytesAcked >= size
	}, time.Minute, time.Millisecond)
	assert.Equal(t, "established", m.State.String())
	assert.Positive(t, m.RTT)
	assert.Less(t, m.RTT, time.Minute)
	assert.Positive(t, m.MinRTT)
	assert.LessOrEqual(t, m.MinRTT, m.RTT)
	assert.Positive(t, m.SndCwnd)
	assert.Positive(t, m.DeliveryRate)
	assert.Positive(t, m.PacingRate)
	assert.Positive(t, m.SegsOut)
	assert.Less(t, m.BytesRetrans, m.BytesSent)
	assert.Less(t, m.TotalRetrans, m.SegsOut)
	assert.True(t, m.Timestamps && m.SACK && m.WindowScaling)
	assert.False(t, m.FastOpen)
	assert.Positive(t, m.SndWScale)

	received, err := TCPInfo(server)
	require.NoError(t, err)
	assert.EqualValues(t, size, received.BytesReceived)
	assert.Equal(t, m.RcvWScale, received.SndWScale)

	listening, err := TCPInfo(l)
	require.NoError(t, err)
	assert.Equal(t, "listen", listening.State.String())

	compareWithSS(t, client, m)
}

// compareWithSS checks some figures against another program's decoding.
func compareWithSS(t *testing.T, c *net.TCPConn, m *TCPMetrics) {
	t.Helper()
	ss, err := exec.LookPath("ss")
	if err != nil {
		t.Log("ss is not installed")
		return
	}
	out, err := exec.CommandContext(t.Context(), ss, "-Htin", "src", c.LocalAddr().String(), "dst", c.RemoteAddr().String()).Output()
	require.NoError(t, err)
	figure := func(pattern string) int64 {
		found := regexp.MustCompile(pattern).FindSubmatch(out)
		require.NotNil(t, found, "%s in %s", pattern, bytes.TrimSpace(out))
		n, err := strconv.ParseInt(string(found[1]), 10, 64)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, figure(`bytes_acked:(\d+)`), m.BytesAcked)
	assert.Equal(t, figure(` mss:(\d+)`), m.SndMSS)
	assert.Equal(t, figure(`pmtu:(\d+)`), m.PMTU)
	assert.Equal(t, figure(`wscale:(\d+),`), int64(m.SndWScale))
	assert.Equal(t, figure(`rto:(\d+)`), m.RTO.Milliseconds())
}

// TestTCPInfoAbsent decodes what an older kernel returned: the fields past it are marked.
func TestTCPInfoAbsent(t *testing.T) {
	ti := &unix.TCPInfo{State: 8, Ca_state: 4, Options: optECN | optSynData, Rtt: 1500, Min_rtt: 1<<32 - 1, Pacing_rate: 1<<64 - 1}
	m := decodeTCPInfo(ti, unsafe.Offsetof(ti.Pacing_rate))
	assert.Equal(t, "close-wait", m.State.String())
	assert.Equal(t, "loss", m.Congestion)
	assert.Equal(t, 1500*time.Microsecond, m.RTT)
	assert.True(t, m.ECN && m.FastOpen)
	assert.EqualValues(t, Absent, m.MinRTT)
	assert.EqualValues(t, Absent, m.PacingRate)
	assert.EqualValues(t, Absent, m.BusyTime)
	assert.EqualValues(t, Absent, m.RcvWnd)
	assert.EqualValues(t, Absent, m.TotalRTO)
	assert.EqualValues(t, Absent, m.RTOTime)
	full := decodeTCPInfo(ti, unsafe.Sizeof(*ti))
	assert.Equal(t, int64(math.MaxInt64), full.PacingRate, "no limit")
	assert.Zero(t, full.RTOTime)
	assert.Empty(t, TCPState(99).String())
	assert.Empty(t, decodeTCPInfo(&unix.TCPInfo{Ca_state: 9}, 8).Congestion)
}

func TestTCPInfoElsewhere(t *testing.T) {
	_, err := TCPInfo(newSocket(t, UDP4, 0))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "sockopt: get TCP_INFO on udp4: unsupported operation: only for tcp4 tcp6")
}
