package main

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A clientBody is the body of a request. Each read may take the stall time, so
// that a client cannot hold a request for ever, and an upload of any length
// can complete.
type clientBody struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration

	mu     sync.Mutex
	closed bool
	err    error
}

// Read reads from the client. The deadline is lifted afterwards: on HTTP/2 it
// would end the body of a client that waits for its upstream.
func (b *clientBody) Read(p []byte) (int, error) {
	if !b.deadline(time.Now().Add(b.stall)) {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	b.deadline(time.Time{})
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

// deadline sets the read deadline of the client's conn, unless the body is
// closed: then the conn may be at its next request already.
func (b *clientBody) deadline(t time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.control.SetReadDeadline(t)
	}
	return !b.closed
}

// Close ends the reading.
func (b *clientBody) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.ReadCloser.Close()
}

// failure returns why reading failed; nil if it did not, or if there is no body.
func (b *clientBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
