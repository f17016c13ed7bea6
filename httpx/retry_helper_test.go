package httpx_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tripper is a round tripper made of a func.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// idler counts calls of CloseIdleConnections.
type idler struct {
	http.RoundTripper

	closed atomic.Int64
}

func (i *idler) CloseIdleConnections() { i.closed.Add(1) }

// serve starts a server that is closed with the test, and its transport.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *http.Transport) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		if runtime.GOOS == "windows" { // wine does not tell a blocked write that the peer is gone
			s.CloseClientConnections()
		}
		s.Close()
	})
	tr := s.Client().Transport.(*http.Transport)
	t.Cleanup(tr.CloseIdleConnections)
	return s, tr
}

// tracked is a body that knows what became of it.
type tracked struct {
	io.Reader

	closed atomic.Int64
}

func (b *tracked) Close() error { b.closed.Add(1); return nil }

func track(data string) *tracked { return &tracked{Reader: strings.NewReader(data)} }

// answer is a response without a network. Its body is counted.
func answer(req *http.Request, status int, body *tracked, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, Body: body, ContentLength: -1, Request: req,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// request makes one of the test's context.
func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return req
}

// finish reads and closes the body of an answer.
func finish(t *testing.T, resp *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.NoError(t, resp.Body.Close())
	return string(data)
}

// consume does what a transport does with a body: it reads and closes it.
func consume(req *http.Request) string {
	if req.Body == nil {
		return ""
	}
	var b bytes.Buffer
	io.Copy(&b, req.Body)
	req.Body.Close()
	return b.String()
}

// fields are the fields that the errors in err blame.
func fields(err error) []string {
	var all []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		field, _, _ := strings.Cut(strings.TrimPrefix(line, "httpx: config: "), "=")
		all = append(all, field)
	}
	return all
}
