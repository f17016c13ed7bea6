package quicx

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"
)

// DefaultQLogMaxBytes is used when QLog.MaxBytes is zero.
const DefaultQLogMaxBytes = 64 << 20

// QLog says where the events of conns are recorded, for qvis and other viewers
// (draft-ietf-quic-qlog-main-schema, JSON text sequences). The zero value
// records nothing. Recording costs much of a conn's speed, and a slow writer
// slows its conn.
type QLog struct {
	// Folder gets a file for each conn, "<connection ID>_client.sqlog" or
	// "..._server.sqlog", readable for its owner alone. It is made if it is
	// missing. Nobody removes files. "" for none.
	Folder string

	// Open is called for each conn instead, and returns where its events go.
	// What it returns is closed when the conn has ended. It is called by many
	// goroutines at the same time, while quic-go holds a lock: it must return
	// soon and not use any conn.
	Open func(QLogConn) (io.WriteCloser, error)

	// MaxBytes is how much is recorded of a conn; then its recording ends. 0
	// means DefaultQLogMaxBytes. Negative is an error.
	MaxBytes int64

	// OnError, when set, is called with every *Error of a recording, which ends
	// with it; the conn goes on. As for Open, it must return soon.
	OnError func(error)
}

// QLogConn is the conn whose events are recorded.
type QLogConn struct {
	// ID is the first destination connection ID of the conn, which both sides
	// know and use to name their records.
	ID quic.ConnectionID
	// Client tells whether this side has dialled the conn.
	Client bool
}

// on reports whether something is recorded.
func (q *QLog) on() bool { return q.Folder != "" || q.Open != nil }

// prepare sets the Tracer of a config.
func (q *QLog) prepare(p *problems, c *quic.Config) {
	if q.MaxBytes < 0 {
		p.add("QLog.MaxBytes", strconv.FormatInt(q.MaxBytes, 10), errNegative)
	}
	if !q.on() {
		return
	}
	if c.Tracer != nil {
		p.add("QLog", "", errors.New("not together with QUIC.Tracer"))
	}
	if q.Folder != "" && q.Open != nil {
		p.add("QLog.Folder", q.Folder, errors.New("not together with QLog.Open"))
	}
	r := *q // the caller may change his
	zero(&r.MaxBytes, DefaultQLogMaxBytes)
	c.Tracer = r.trace
}

// makeFolder makes the folder that is missing.
func (q *QLog) makeFolder() error {
	var p problems
	if q.Folder != "" {
		p.add("QLog.Folder", q.Folder, os.MkdirAll(q.Folder, 0o700))
	}
	return p.err()
}

// trace is a quic.Config.Tracer. Without a trace the conn goes on.
func (q *QLog) trace(_ context.Context, client bool, id quic.ConnectionID) qlogwriter.Trace {
	w, err := q.open(QLogConn{ID: id, Client: client})
	if err == nil && w == nil {
		err = errors.New("QLog.Open returned nothing")
	}
	if err != nil {
		q.failed(id.String(), err)
		return nil
	}
	seq := qlogwriter.NewConnectionFileSeq(newRecord(q, id.String(), w), client, id)
	go seq.Run() // ends with the conn, which waits for it
	return seq
}

// open finds out where the events of a conn go.
func (q *QLog) open(c QLogConn) (io.WriteCloser, error) {
	if q.Open != nil {
		return q.Open(c)
	}
	name := c.ID.String() + "_server.sqlog"
	if c.Client {
		name = c.ID.String() + "_client.sqlog"
	}
	// A connection ID is 8 random bytes or more: a second file of the name would be another's.
	return os.OpenFile(filepath.Join(q.Folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

func (q *QLog) failed(id string, err error) {
	if q.OnError != nil {
		q.OnError(&Error{Op: "qlog", Value: id, Field: "QLog", Err: err})
	}
}
