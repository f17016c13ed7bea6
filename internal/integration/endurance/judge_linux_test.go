package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dtlsx"
)

// An error counts as explained only if it is of a lane and a class that the fault explains, within its window.
func TestJudge(t *testing.T) {
	var told []failure
	j := &judge{failed: func(f failure) { told = append(told, f) }}
	f := &fault{name: "x", allows: []allowance{{[]string{"tcp"}, []string{reset}, "so"}}}
	start := time.Now()
	w := j.open(f)
	inside := failure{lane: "tcp", err: unix.ECONNRESET, begun: start, ended: time.Now().Add(time.Millisecond)}
	j.tell(inside)
	assert.Empty(t, told)
	assert.Equal(t, map[seen]int{{"tcp", reset}: 1}, w.seen)

	other := inside
	other.lane = "tls"
	j.tell(other)
	wrongClass := inside
	wrongClass.err = io.ErrUnexpectedEOF
	j.tell(wrongClass)
	bad := inside
	bad.err = fmt.Errorf("x: %w", errWrong)
	j.tell(bad)
	assert.Len(t, told, 3)

	j.shut(w)
	late := inside
	late.begun, late.ended = w.ended.Add(time.Nanosecond), w.ended.Add(time.Second)
	j.tell(late)
	early := inside
	early.begun, early.ended = w.begun.Add(-time.Second), w.begun.Add(-time.Nanosecond)
	j.tell(early)
	assert.Len(t, told, 5)
	reaches := inside
	reaches.begun, reaches.ended = w.ended.Add(-time.Nanosecond), w.ended.Add(time.Second)
	j.tell(reaches)
	assert.Len(t, told, 5, "it began within the window")
	assert.Len(t, j.left(newLogbook()), 5)
	assert.Equal(t, "so", f.reasons(w.seen))
	assert.Equal(t, "tcp: 2 reset", listed(w.seen))
}

// A conn of HTTP/2 that net/http gives up on a busy machine is told by the gateway's log, and explains nothing else.
func TestStarved(t *testing.T) {
	j := &judge{failed: func(failure) {}}
	now := time.Now()
	j.tell(failure{lane: "http2", err: io.ErrUnexpectedEOF, begun: now.Add(-time.Second), ended: now})
	j.tell(failure{lane: "http1", err: io.ErrUnexpectedEOF, begun: now.Add(-time.Second), ended: now})
	log := newLogbook()
	assert.Len(t, j.left(log), 2)
	_, _ = io.WriteString(log, starving+"\n")
	left := j.left(log)
	assert.Len(t, left, 1)
	assert.Equal(t, "http1", left[0].lane)
}

// What is kept of failures is bounded.
func TestManyFailures(t *testing.T) {
	j := &judge{failed: func(failure) {}}
	for range 2 * maxKept {
		j.tell(failure{lane: "tcp", err: errOther})
	}
	assert.Len(t, j.left(newLogbook()), maxKept)
	assert.Equal(t, maxKept, j.more)
}

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("x: %w", errWrong), wrong},
		{statusError(502), "status 502"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", unix.ECONNREFUSED)}, refused},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", unix.ECONNRESET)}, reset},
		{os.NewSyscallError("write", unix.EPIPE), reset},
		{os.NewSyscallError("connect", unix.ENETUNREACH), unreachable},
		{io.EOF, ended},
		{fmt.Errorf("x: %w", net.ErrClosed), ended},
		{context.DeadlineExceeded, timeout},
		{os.ErrDeadlineExceeded, timeout},
		{&quic.StreamError{}, aborted},
		{&quic.ApplicationError{}, goneAway},
		{&dtlsx.AlertError{Code: 0, Received: true}, goneAway},
		{&dtlsx.AlertError{Code: 40, Received: true}, alerted},
		{&quic.IdleTimeoutError{}, timeout},
		{&quic.TransportError{ErrorCode: quic.ConnectionRefused, Remote: true}, refused},
		{&quic.TransportError{ErrorCode: quic.InternalError, ErrorMessage: "sendmsg: network is unreachable"}, unreachable},
		{&quic.TransportError{ErrorCode: quic.InternalError, Remote: true}, unknown},
		{fmt.Errorf("http2: server sent GOAWAY and closed the connection"), goneAway},
		{fmt.Errorf("stream error: stream ID 3; INTERNAL_ERROR"), aborted},
		{errOther, unknown},
	} {
		assert.Equal(t, tt.want, classify(tt.err), "%v", tt.err)
	}
}
