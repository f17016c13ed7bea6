package httpx

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// writePiece is how much has to be taken within the stall time.
const writePiece = 256 << 10

// Unwrap gives http.ResponseController what is not here.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// begin and done are around everything that may wait for the client to read.
func (x *exchange) begin() {
	if x.shard != nil {
		x.writing.Store(x.watch.now.Load())
	}
}

func (x *exchange) done() {
	if x.shard == nil {
		return
	}
	if x.stream {
		x.progress.Store(x.watch.now.Load())
	}
	x.writing.Store(0)
}

// WriteHeader sends an informational header at once, and keeps others.
func (x *exchange) WriteHeader(status int) {
	x.begin()
	defer x.done()
	x.answer.began(status)
	if status < http.StatusOK && x.original.ProtoMajor > 1 {
		// net/http sends it as it is, where HTTP/2 has no such field, and makes GOAWAY of that of the final one.
		if h := x.Header(); h["Connection"] != nil {
			defer func(v []string) { h["Connection"] = v }(h["Connection"])
			delete(h, "Connection")
		}
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write writes in pieces, each of which has the stall time.
func (x *exchange) Write(p []byte) (n int, err error) {
	for {
		piece := p[n:min(len(p), n+writePiece)]
		x.begin()
		m, err := x.ResponseWriter.Write(piece)
		x.done()
		x.answer.wrote(int64(m))
		if n += m; err != nil || n >= len(p) {
			return n, err
		}
	}
}

// WriteString is Write.
func (x *exchange) WriteString(s string) (int, error) {
	if len(s) > writePiece {
		return x.Write([]byte(s))
	}
	x.begin()
	defer x.done()
	n, err := io.WriteString(x.ResponseWriter, s)
	x.answer.wrote(int64(n))
	return n, err
}

// Flush sends what is buffered.
func (x *exchange) Flush() { _ = x.FlushError() } // what http.Flusher cannot tell

// FlushError sends what is buffered.
func (x *exchange) FlushError() error {
	x.begin()
	defer x.done()
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// SetReadDeadline hands the reading over to the handler.
func (x *exchange) SetReadDeadline(t time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ownRead.Store(true)
	return http.NewResponseController(x.ResponseWriter).SetReadDeadline(t)
}

// SetWriteDeadline hands the writing over to the handler.
func (x *exchange) SetWriteDeadline(t time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ownWrite.Store(true)
	return http.NewResponseController(x.ResponseWriter).SetWriteDeadline(t)
}

// pushable is an exchange of HTTP/2.
type pushable struct{ *exchange }

// Push starts a push, see http.Pusher.
func (x pushable) Push(target string, o *http.PushOptions) error {
	return x.ResponseWriter.(http.Pusher).Push(target, o)
}

// hijackable is an exchange of HTTP/1.
type hijackable struct{ *exchange }

// Hijack hands the conn over. The server knows it until it is closed.
func (x hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	x.watched.end() // no deadline from now on
	c, rw, err := x.ResponseWriter.(http.Hijacker).Hijack()
	if err != nil {
		return nil, nil, err
	}
	x.hijacked.Store(true)
	return &hijackedConn{Conn: c, server: x.server}, rw, nil
}

// ReadFrom copies files in the kernel (sendfile), and what else there is by
// Write: a source that waits must not count as a client that does.
func (x hijackable) ReadFrom(src io.Reader) (n int64, err error) {
	from, ok := x.ResponseWriter.(io.ReaderFrom)
	limit, file := regular(src)
	if !ok || file == nil {
		return io.Copy(struct{ io.Writer }{x.exchange}, src)
	}
	piece := &io.LimitedReader{R: file}
	for {
		want := min(limit.N, writePiece)
		piece.N = want
		x.begin()
		m, err := from.ReadFrom(piece)
		x.done()
		x.answer.wrote(m)
		n += m
		limit.N -= m
		if err != nil || m < want || limit.N <= 0 {
			return n, err
		}
	}
}

// regular returns the file that src reads, if it never waits.
func regular(src io.Reader) (*io.LimitedReader, *os.File) {
	limit, ok := src.(*io.LimitedReader)
	if !ok {
		limit = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	file, ok := limit.R.(*os.File)
	if !ok {
		return nil, nil
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	return limit, file
}
