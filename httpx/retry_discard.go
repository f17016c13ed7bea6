package httpx

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// How much of a response that nobody wants is read, and for how long, so that its
// conn can be used again: a new one costs more than these bytes.
const (
	discardBytes = 64 << 10
	discardTime  = 50 * time.Millisecond
)

// discard reads the rest of a response within bounds, and closes it.
func discard(resp *http.Response) {
	if resp.Body == nil { // net/http never does that, others may
		return
	}
	closeBody := sync.OnceFunc(func() { resp.Body.Close() })
	defer closeBody()
	if resp.ContentLength > discardBytes || resp.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	// Closing is what ends a Read that waits for a slow server.
	timer := time.AfterFunc(discardTime, closeBody)
	defer timer.Stop()
	io.CopyN(io.Discard, resp.Body, discardBytes) //nolint:errcheck // what cannot be read is closed all the same
}
