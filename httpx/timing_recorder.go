package httpx

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// Recorder collects the timings of a request. It is safe for concurrent use: hooks
// of a trace run on many goroutines, some after the request has ended.
type Recorder struct {
	mu    sync.Mutex
	t     Timings // without the spans
	marks marks
	begin time.Time // of the last attempt
	end   time.Time
}

// marks are the moments of an attempt.
type marks struct {
	dnsStart, dnsDone, connectStart, connectDone, tlsStart, tlsDone, gotConn, wrote, firstByte time.Time
}

// WithTimings returns a context that records what becomes of the one request that
// is made with it. Traces that ctx has already go on.
func WithTimings(ctx context.Context) (context.Context, *Recorder) {
	r := &Recorder{}
	r.t.Start = time.Now()
	r.begin = r.t.Start
	return httptrace.WithClientTrace(ctx, r.trace()), r
}

// Timings returns what is known by now.
func (r *Recorder) Timings() Timings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.timings()
}

func (r *Recorder) timings() Timings {
	t, m, end := r.t, r.marks, r.end
	if end.IsZero() {
		end = time.Now()
	}
	if !t.Reused {
		t.DNS, t.Connect, t.TLS = span(m.dnsStart, m.dnsDone), span(m.connectStart, m.connectDone), span(m.tlsStart, m.tlsDone)
	}
	t.Conn, t.Write, t.Wait = span(r.begin, m.gotConn), span(m.gotConn, m.wrote), span(m.wrote, m.firstByte)
	t.FirstByte, t.Body, t.Total = span(t.Start, m.firstByte), span(m.firstByte, r.end), span(t.Start, end)
	return t
}

// span is 0 if either moment is not known. A server may answer before the
// request is written: that is no negative wait.
func span(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(0, to.Sub(from))
}

// finish ends the recording. Hooks that come later change nothing.
func (r *Recorder) finish(err error) Timings {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = time.Now()
	r.t.Err = err
	return r.timings()
}

func (r *Recorder) answered(resp *http.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t.Status, r.t.Proto = resp.StatusCode, resp.Proto
	r.t.TLSResumed = resp.TLS != nil && resp.TLS.DidResume
}

// record does something unless the request has ended.
func (r *Recorder) record(f func(m *marks, now time.Time)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end.IsZero() {
		f(&r.marks, time.Now())
	}
}

// dialing is record for the hooks of a dial, which goes on without the request
// when another conn became free in the meantime.
func (r *Recorder) dialing(f func(m *marks, now time.Time)) {
	r.record(func(m *marks, now time.Time) {
		if m.gotConn.IsZero() {
			f(m, now)
		}
	})
}

func (r *Recorder) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(string) { r.record(r.getConn) },
		GotConn:              r.gotConn,
		DNSStart:             func(httptrace.DNSStartInfo) { r.dialing(func(m *marks, now time.Time) { m.dnsStart = now }) },
		DNSDone:              func(httptrace.DNSDoneInfo) { r.dialing(func(m *marks, now time.Time) { m.dnsDone = now }) },
		ConnectStart:         func(string, string) { r.dialing(connectStart) },
		ConnectDone:          func(_, _ string, err error) { r.connectDone(err) },
		TLSHandshakeStart:    func() { r.dialing(func(m *marks, now time.Time) { m.tlsStart = now }) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { r.dialing(func(m *marks, now time.Time) { m.tlsDone = now }) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { r.record(func(m *marks, now time.Time) { m.wrote = now }) },
		GotFirstResponseByte: func() { r.record(func(m *marks, now time.Time) { m.firstByte = now }) },
	}
}

// getConn begins an attempt.
func (r *Recorder) getConn(m *marks, now time.Time) {
	*m = marks{}
	r.begin = now
	r.t.Attempts++
	r.t.Reused, r.t.Idle, r.t.LocalAddr, r.t.RemoteAddr = false, 0, nil, nil
}

func (r *Recorder) gotConn(info httptrace.GotConnInfo) {
	r.record(func(m *marks, now time.Time) {
		m.gotConn = now
		r.t.Reused, r.t.Idle = info.Reused, info.IdleTime
		if info.Conn != nil {
			r.t.LocalAddr, r.t.RemoteAddr = info.Conn.LocalAddr(), info.Conn.RemoteAddr()
		}
	})
}

// connectStart is called for each address: IPv6 and IPv4 race.
func connectStart(m *marks, now time.Time) {
	if m.connectStart.IsZero() {
		m.connectStart = now
	}
}

func (r *Recorder) connectDone(err error) {
	r.dialing(func(m *marks, now time.Time) {
		if err == nil && m.connectDone.IsZero() {
			m.connectDone = now
		}
	})
}
