package httpx

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// onEnd calls end once, when the body of the response is read to its end, closed,
// or fails: with why. A body that can be written, as that of an upgrade, still can.
func onEnd(resp *http.Response, end func(error)) *http.Response {
	if resp.Body == nil || resp.Body == http.NoBody {
		resp.Body = http.NoBody
		end(nil)
		return resp
	}
	b := &endBody{ReadCloser: resp.Body, end: end}
	if w, ok := resp.Body.(io.Writer); ok {
		resp.Body = &endStream{endBody: b, Writer: w}
	} else {
		resp.Body = b
	}
	return resp
}

type endBody struct {
	io.ReadCloser

	once sync.Once
	end  func(error)
}

func (b *endBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.finish(nil)
	case err != nil:
		b.finish(err)
	}
	return n, err
}

func (b *endBody) Close() error {
	defer b.finish(nil)
	return b.ReadCloser.Close()
}

func (b *endBody) finish(err error) { b.once.Do(func() { b.end(err) }) }

// endStream is both directions of an upgraded conn: the end of one is not that of the other.
type endStream struct {
	*endBody
	io.Writer
}

func (s *endStream) Read(p []byte) (int, error) { return s.ReadCloser.Read(p) }

// CloseWrite closes the direction to the server, as http.ReverseProxy asks for.
func (s *endStream) CloseWrite() error {
	if c, ok := s.Writer.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return &Error{Op: "close write", Err: errors.ErrUnsupported}
}
