package socketz_test

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// What is shown is what getsockopt says.
func TestOptionsAreThoseOfTheKernel(t *testing.T) {
	var r socketz.Registry
	_, server := connect(t, plainTCP(t))
	tcp := server.(*net.TCPConn)
	require.NoError(t, tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 33 * time.Second}))
	add(t, &r, socketz.Socket{Name: "x", Conn: server, Options: sockopt.Options{
		sockopt.TCPKeepIdle.Value(33 * time.Second),
		sockopt.TCPKeepIntvl.Value(77 * time.Second),
		sockopt.ReusePort.Value(false),
		sockopt.TCPDeferAccept.Value(time.Second),
	}})
	s := only(t, &r)
	byName := map[string][3]string{}
	for _, o := range s.Options {
		byName[o.Option] = [3]string{o.Wanted, o.Got, o.Verdict}
	}
	assert.Equal(t, [3]string{"33s", "33s", "ok"}, byName["TCP_KEEPIDLE"])
	assert.Equal(t, [3]string{"1m17s", "15s", "differs"}, byName["TCP_KEEPINTVL"])
	assert.Equal(t, [3]string{"false", "false", "ok"}, byName["SO_REUSEPORT"])
	assert.Equal(t, "unread", byName["TCP_DEFER_ACCEPT"][2], "is that of a listener")

	s = *look(t, &r, fmt.Sprintf("id=%d", s.ID)).Socket
	raw, err := tcp.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		for name, number := range map[string][2]int{
			"SO_RCVBUF": {unix.SOL_SOCKET, unix.SO_RCVBUF}, "SO_SNDBUF": {unix.SOL_SOCKET, unix.SO_SNDBUF}, "IP_TTL": {unix.IPPROTO_IP, unix.IP_TTL},
			"TCP_MAXSEG": {unix.IPPROTO_TCP, unix.TCP_MAXSEG}, "TCP_KEEPCNT": {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
		} {
			want, err := unix.GetsockoptInt(int(fd), number[0], number[1])
			require.NoError(t, err)
			assert.EqualValues(t, want, s.All[name], name)
		}
	}))
}

// What is shown of a conn is what ss says.
func TestTCPInfoIsThatOfSS(t *testing.T) {
	ss, err := exec.LookPath("ss")
	need(t, "ss", err == nil)
	var r socketz.Registry
	client, server := connect(t, plainTCP(t))
	go func() {
		io.Copy(io.Discard, client)
	}()
	_, err = server.Write(make([]byte, 100000))
	require.NoError(t, err)
	add(t, &r, socketz.Socket{Conn: server})
	acked := func() bool { return only(t, &r).TCP.BytesAcked == 100000 }
	require.Eventually(t, acked, eventually, time.Millisecond)

	out, err := exec.CommandContext(t.Context(), ss, "-tinH", "src", server.LocalAddr().String(), "dst", server.RemoteAddr().String()).Output()
	require.NoError(t, err)
	text := string(out)
	s := only(t, &r)
	assert.Equal(t, "established", s.State)
	assert.Contains(t, text, "ESTAB")
	assert.Contains(t, text, s.Local)
	assert.Contains(t, text, s.Remote)
	for name, got := range map[string]int64{
		"bytes_acked": s.TCP.BytesAcked, "bytes_sent": s.TCP.BytesSent, "mss": s.TCP.SndMSS, "cwnd": s.TCP.SndCwnd,
		"segs_out": s.TCP.SegsOut, "pmtu": s.TCP.PMTU,
	} {
		found := regexp.MustCompile(`\b` + name + `:(\d+)`).FindStringSubmatch(text)
		require.Len(t, found, 2, "%s in %s", name, text)
		assert.Equal(t, found[1], strconv.FormatInt(got, 10), name)
	}
}

// Bytes of a Raw option can be a key, as those of TCP_MD5SIG are. They are nowhere, nor is what the kernel says of them.
func TestRawOptionsAreNotShown(t *testing.T) {
	var r socketz.Registry
	_, server := connect(t, plainTCP(t))
	add(t, &r, socketz.Socket{Name: "x", Conn: server, Options: sockopt.Options{
		sockopt.Raw(unix.IPPROTO_TCP, unix.TCP_MD5SIG, []byte("\xab\xcd\xef\x12secret")),
		sockopt.Raw(unix.SOL_SOCKET, unix.SO_PRIORITY, []byte{0xab, 0xcd, 0xef, 0x12}),
		sockopt.Raw(unix.SOL_SOCKET, 9999, []byte{0xab, 0xcd, 0xef, 0x12}),
		sockopt.Raw(unix.SOL_SOCKET, unix.SO_BUSY_POLL, []byte{0, 0, 0, 0}),
	}})
	s := only(t, &r)
	require.Len(t, s.Options, 4)
	assert.Equal(t, "10 bytes, not shown", s.Options[0].Wanted)
	assert.Equal(t, "4 bytes, not shown", s.Options[1].Wanted)
	assert.Equal(t, "differs", s.Options[1].Verdict)
	assert.Equal(t, "the kernel says something else, or nothing", s.Options[1].Why)
	assert.Equal(t, "ok", s.Options[3].Verdict)
	for _, query := range []string{"", "format=json", fmt.Sprintf("id=%d", s.ID), fmt.Sprintf("format=json&id=%d", s.ID)} {
		body := request(t, r.Handler(nil), "/?"+query).Body.String()
		for _, secret := range []string{"abcdef", "secret", "q83vEn"} {
			assert.NotContains(t, body, secret)
		}
	}
}

// A listener shows how many clients nobody has accepted.
func TestQueueOfAListener(t *testing.T) {
	var r socketz.Registry
	l := plainTCP(t)
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer c.Close()
	}
	add(t, &r, socketz.Socket{Name: "l", Role: socketz.Listening, Conn: l})
	require.Eventually(t, func() bool { return look(t, &r, "").Listeners[0].TCP.Unacked == 3 }, eventually, time.Millisecond)
	assert.Contains(t, html(t, &r, ""), ">3 of ")
}

// Options that the platform lacks are told apart from those that differ.
func TestLackingOptions(t *testing.T) {
	var r socketz.Registry
	_, server := connect(t, plainTCP(t))
	add(t, &r, socketz.Socket{Name: "x", Conn: server, Options: sockopt.Options{sockopt.Prefer(sockopt.NoSigPipe.Value(true))}})
	s := only(t, &r)
	assert.Equal(t, "lacking", s.Options[0].Verdict)
	assert.NotEmpty(t, s.Options[0].Why)
	assert.Contains(t, html(t, &r, ""), "1 of 1 lacking")
}
