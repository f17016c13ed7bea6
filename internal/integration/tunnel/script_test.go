package tunnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// A script is a client's part of a TCP flow, packet by packet, and what the other side sees of it:
//
//	< S.  10   the client sends a segment with these flags and so many bytes
//	> F.       a segment with these flags comes; those that only acknowledge need not be told
//	> 10       so many bytes come, in one segment or several
//	dial ok    the dial that waits, or the next one, gets this answer
//	dial ends  the dial that waits is given up
//	dial begins  a dial begins; until then the client sends again what it has sent last
//	up ...     what the server does: accepts, reads 10, writes 10, ends, resets, sees the end, sees a reset, is cut
//	silence    nothing has come so far
//
// Numbers of sequence go by themselves.
type script struct {
	*wire
	family
	dials *dials
	up    *net.TCPConn

	sent, seen uint32 // the next number of the client, and of the server
	last       []byte // what the client has sent last
}

const firstNumber = 0xfffffff0 // so that they wrap

// run plays a script on a wire.
func (s *script) run(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		fields := strings.Fields(line)
		switch fields[0] {
		case "<":
			s.write(fields[1:])
		case ">":
			s.expect(line, fields[1:])
		case "dial":
			s.dial(fields[1])
		case "up":
			s.upstream(strings.Join(fields[1:], " "))
		case "silence":
			s.silent(s.family, s.idle)
		default:
			require.FailNow(s.t, "not a line of a script", line)
		}
	}
}

func (s *script) dial(what string) {
	s.t.Helper()
	switch what {
	case "ends":
		select {
		case <-s.dials.failed:
		case <-time.After(patience):
			require.FailNow(s.t, "the dial goes on")
		}
	case "begins":
		for end := time.Now().Add(patience); ; s.send(s.last) {
			select {
			case to := <-s.dials.begun:
				assert.Equal(s.t, s.server.String(), to)
				return
			case <-time.After(100 * time.Millisecond):
				require.True(s.t, time.Now().Before(end), "no dial begins")
			}
		}
	default:
		s.dials.answers <- what
	}
}

// segment is one of the client's.
func (s *script) segment(flags string, data []byte) packet {
	p := packet{src: s.client, dst: s.server, protocol: tcp, flags: flags, seq: s.sent, window: 65535, data: data}
	if strings.Contains(flags, ".") {
		p.ack = s.seen
	}
	if strings.Contains(flags, "S") {
		p.seq = firstNumber
		p.options = []byte{2, 4, 1460 >> 8, 1460 & 0xff}
	}
	return p
}

func (s *script) write(fields []string) {
	n := 0
	if len(fields) > 1 {
		_, err := fmt.Sscan(fields[1], &n)
		require.NoError(s.t, err)
	}
	p := s.segment(fields[0], pattern(n))
	s.last = p.bytes()
	s.send(s.last)
	s.sent = p.seq + uint32(n)
	if strings.ContainsAny(fields[0], "SF") {
		s.sent++
	}
}

// pattern is what both sides send.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func (s *script) mine(p packet) bool {
	return p.protocol == tcp && p.src == s.server && p.dst == s.client
}

// idle says whether a segment tells nothing new: one that only acknowledges, or comes again.
func (s *script) idle(p packet) bool {
	return s.mine(p) && (p.flags == "." && len(p.data) == 0 || (p.flags != "R" && p.flags != "R." && int32(p.seq-s.seen) < 0))
}

func (s *script) expect(line string, fields []string) {
	s.t.Helper()
	var n int
	if _, err := fmt.Sscan(fields[0], &n); err == nil {
		s.expectData(line, n)
		return
	}
	flags := fields[0]
	p := s.next(line, func(p packet) bool {
		return s.mine(p) && p.flags == flags && (flags == "S." || !s.idle(p) || flags == ".")
	}, s.idle)
	switch flags {
	case "S.":
		s.seen = p.seq + 1
		assert.Equal(s.t, s.sent, p.ack, "%s: %v", line, p)
	case "F.":
		assert.Equal(s.t, s.seen, p.seq, "%s: %v", line, p)
		assert.Empty(s.t, p.data, line)
		s.seen++
	case "R.":
		assert.Equal(s.t, s.sent, p.ack, "%s: %v", line, p)
	}
}

func (s *script) expectData(line string, n int) {
	s.t.Helper()
	var got []byte
	for len(got) < n {
		p := s.next(line, func(p packet) bool { return s.mine(p) && len(p.data) > 0 && p.seq == s.seen }, s.idle)
		got = append(got, p.data...)
		s.seen += uint32(len(p.data))
		s.send(s.segment(".", nil).bytes())
	}
	assert.Equal(s.t, pattern(n), got, line)
}

// upstream is what the server does or sees.
func (s *script) upstream(what string) {
	s.t.Helper()
	if what == "accepts" {
		s.up = s.dials.accept(s.t)
		return
	}
	require.NoError(s.t, s.up.SetDeadline(time.Now().Add(patience)))
	var n int
	var err error
	switch {
	case what == "ends":
		err = s.up.CloseWrite()
	case what == "closes":
		err = s.up.Close()
	case what == "resets":
		err = errors.Join(s.up.SetLinger(0), s.up.Close())
	case what == "sees the end":
		_, err = s.up.Read(make([]byte, 1))
		require.ErrorIs(s.t, err, io.EOF)
		return
	case what == "sees a reset":
		_, err = s.up.Read(make([]byte, 1))
		require.ErrorIs(s.t, err, syscall.ECONNRESET)
		return
	case what == "is cut":
		for err == nil { // the end of the other direction hides the reset from Read
			_, err = s.up.Write(pattern(1))
		}
		require.NotErrorIs(s.t, err, os.ErrDeadlineExceeded)
		return
	case scan(what, "writes %d", &n):
		_, err = s.up.Write(pattern(n))
	case scan(what, "reads %d", &n):
		got := make([]byte, n)
		_, err = io.ReadFull(s.up, got)
		assert.Equal(s.t, pattern(n), got)
	default:
		require.FailNow(s.t, "the server cannot do that", what)
	}
	require.NoError(s.t, err, what)
}

func scan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil
}

// dials is a dialer that waits for what it is told to do with a dial. It reaches a listener on loopback.
type dials struct {
	l       *net.TCPListener
	begun   chan string // addresses
	answers chan string
	failed  chan error // the causes of dials that were given up
}

func newDials(t *testing.T) *dials {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return &dials{l, make(chan string, 100), make(chan string, 100), make(chan error, 100)}
}

func (d *dials) DialStream(ctx context.Context, address string) (tunx.StreamConn, error) {
	d.begun <- address
	var what string
	select {
	case what = <-d.answers:
	case <-ctx.Done():
		d.failed <- context.Cause(ctx)
		return nil, ctx.Err()
	}
	failures := map[string]error{"unreachable": syscall.EHOSTUNREACH, "late": context.DeadlineExceeded, "broken": io.ErrUnexpectedEOF}
	if err := failures[what]; err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	target := d.l.Addr().String()
	if what == "refused" {
		target = "127.0.0.1:1" // nobody listens there
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp4", target)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

func (d *dials) accept(t *testing.T) *net.TCPConn {
	t.Helper()
	require.NoError(t, d.l.SetDeadline(time.Now().Add(patience)))
	c, err := d.l.AcceptTCP()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// newScript has a forwarder, a wire to it and a dialer behind it.
func newScript(t *testing.T, f family, cfg forward.Config) *script {
	t.Helper()
	d := newDials(t)
	cfg.Streams, cfg.Echo = d, forward.EchoAnswer
	w, _ := newWire(t, &cfg)
	return &script{wire: w, family: f, dials: d}
}
