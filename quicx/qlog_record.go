package quicx

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/quic-go/quic-go/qlogwriter"
)

// A record is what qlogwriter writes the events of a conn to. It never fails, because qlogwriter prints errors with
// package log; its own are told to QLog.OnError, once. One goroutine of qlogwriter uses it.
type record struct {
	qlog  *QLog
	id    string
	dest  io.WriteCloser
	buf   *bufio.Writer
	event bytes.Buffer // what was written of the last event
	left  int64        // bytes that may still be written
	ended bool         // nothing is written any more
}

// newRecord takes the destination over.
func newRecord(q *QLog, id string, dest io.WriteCloser) *record {
	return &record{qlog: q, id: id, dest: dest, buf: bufio.NewWriter(dest), left: q.MaxBytes}
}

// Write gathers an event, which comes in many pieces: only whole ones are recorded.
func (r *record) Write(b []byte) (int, error) {
	if len(b) > 0 && b[0] == qlogwriter.RecordSeparator {
		r.commit()
	}
	if !r.ended {
		r.event.Write(b)
	}
	return len(b), nil
}

// commit records the event that is complete.
func (r *record) commit() {
	if r.ended {
		return
	}
	n := int64(r.event.Len())
	if n > r.left {
		r.end(fmt.Errorf("stopped at MaxBytes=%d", r.qlog.MaxBytes))
		return
	}
	r.left -= n
	if _, err := r.event.WriteTo(r.buf); err != nil {
		r.end(err)
	}
}

// end ends the recording, not the conn.
func (r *record) end(err error) {
	r.ended = true
	r.event = bytes.Buffer{}
	r.qlog.failed(r.id, err)
}

// Close records what is left.
func (r *record) Close() error {
	r.commit()
	err := r.buf.Flush()
	if cerr := r.dest.Close(); err == nil {
		err = cerr
	}
	if err != nil && !r.ended {
		r.end(err)
	}
	return nil
}
