package httpx_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames is an HTTP/2 server without TLS that does with each stream what it is told.
func frames(t *testing.T, stream func(f *http2.Framer, id uint32) error) string {
	t.Helper()
	l := listen(t)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				frameLoop(conn, stream)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return "http://" + l.Addr().String() + "/"
}

func frameLoop(conn net.Conn, stream func(f *http2.Framer, id uint32) error) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	f := http2.NewFramer(conn, conn)
	f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			f.WritePing(true, frame.Data)
		case *http2.HeadersFrame:
			if stream(f, frame.StreamID) != nil {
				hangUp(conn)
				return
			}
		}
	}
}

// hangUp says that nothing more comes, and reads what is on its way: a close would
// reset the conn, so that the client's write may fail before it reads the last frame.
func hangUp(conn net.Conn) {
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
}

// writeOK answers 200 without a body.
func writeOK(f *http2.Framer, id uint32) error {
	var b bytes.Buffer
	if err := hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"}); err != nil {
		return err
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: true})
}

func h2c() *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return tr
}

// TestRetryAfterRefusedStream repeats a POST that the server has refused. The conn is a
// single one, on which package net/http does not repeat it by itself.
func TestRetryAfterRefusedStream(t *testing.T) {
	noLeak(t)
	for code, want := range map[http2.ErrCode]int64{http2.ErrCodeRefusedStream: 3, http2.ErrCodeInternal: 1} {
		var n atomic.Int64
		url := frames(t, func(f *http2.Framer, id uint32) error {
			if n.Add(1) < 3 {
				return f.WriteRSTStream(id, code)
			}
			return writeOK(f, id)
		})
		tr := h2c()
		conn, err := tr.NewClientConn(t.Context(), "http", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
		require.NoError(t, err)
		resp, err := newRetry(t, conn, quick()).RoundTrip(request(t, "POST", url, strings.NewReader("x")))
		assert.Equal(t, want, n.Load())
		if want == 3 {
			require.NoError(t, err)
			finish(t, resp)
		} else {
			assert.ErrorContains(t, err, "INTERNAL_ERROR")
		}
		assert.NoError(t, conn.Close())
		tr.CloseIdleConnections()
	}
}

// TestRetryAfterGoAway repeats what the server may have begun with when it went away.
func TestRetryAfterGoAway(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	url := frames(t, func(f *http2.Framer, id uint32) error {
		if n.Add(1)%3 != 0 {
			return errors.Join(f.WriteGoAway(id, http2.ErrCodeEnhanceYourCalm, nil), io.EOF)
		}
		return writeOK(f, id)
	})
	tr := h2c()
	defer tr.CloseIdleConnections()
	_, _, err := get(t, newRetry(t, tr, quick()), url)
	require.NoError(t, err)
	assert.EqualValues(t, 3, n.Load())
	_, err = newRetry(t, tr, quick()).RoundTrip(request(t, "POST", url, strings.NewReader("x")))
	assert.ErrorContains(t, err, "GOAWAY")
	assert.EqualValues(t, 4, n.Load())
}
