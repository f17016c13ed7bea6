package http3x_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// settingsFrame has n settings that nobody knows.
func settingsFrame(n uint64) []byte {
	var body []byte
	for i := range n {
		body = quicvarint.Append(body, 0x1f*i+0x21) // reserved ones (RFC 9114, section 7.2.4.1)
		body = quicvarint.Append(body, i)
	}
	return append(quicvarint.Append([]byte{0x04}, uint64(len(body))), body...)
}

// uni opens a stream of one direction, and writes to it as long as somebody reads.
func uni(t *testing.T, q *quic.Conn, parts ...[]byte) *quic.SendStream {
	t.Helper()
	s, err := q.OpenUniStreamSync(t.Context())
	if err != nil {
		require.Error(t, q.Context().Err(), "only an end of the conn ends it: %v", err)
		return nil
	}
	for _, b := range parts {
		_, _ = s.Write(b)
	}
	return s
}

// Clients that break the rules of HTTP/3 lose their conn, with the code that RFC 9114 has for it, and nobody else does.
func TestAbuse(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	good := transport(t, nil)
	huge := quicvarint.Append([]byte{0x01}, 1<<61) // HEADERS
	for name, tt := range map[string]struct {
		do   func(q *quic.Conn)
		code http3.ErrCode
	}{
		"no settings": {func(q *quic.Conn) { uni(t, q, []byte{0x00, 0x07, 0x01, 0x00}) }, http3.ErrCodeMissingSettings},
		"settings twice": {func(q *quic.Conn) {
			uni(t, q, []byte{0x00}, settingsFrame(1), settingsFrame(1))
		}, http3.ErrCodeFrameUnexpected},
		"a setting twice":     {func(q *quic.Conn) { uni(t, q, []byte{0x00, 0x04, 0x04, 0x21, 0x01, 0x21, 0x02}) }, http3.ErrCodeFrameError},
		"too many settings":   {func(q *quic.Conn) { uni(t, q, []byte{0x00}, settingsFrame(10_000)) }, http3.ErrCodeFrameError},
		"two control streams": {func(q *quic.Conn) { uni(t, q, []byte{0x00}, settingsFrame(1)); uni(t, q, []byte{0x00}) }, http3.ErrCodeStreamCreationError},
		"two QPACK encoders":  {func(q *quic.Conn) { uni(t, q, []byte{0x02}); uni(t, q, []byte{0x02}) }, http3.ErrCodeStreamCreationError},
		"two QPACK decoders":  {func(q *quic.Conn) { uni(t, q, []byte{0x03}); uni(t, q, []byte{0x03}) }, http3.ErrCodeStreamCreationError},
		"a push":              {func(q *quic.Conn) { uni(t, q, []byte{0x01}) }, http3.ErrCodeStreamCreationError},
		"the control stream ends": {func(q *quic.Conn) {
			if c := uni(t, q, []byte{0x00}, settingsFrame(1)); c != nil {
				assert.NoError(t, c.Close())
			}
		}, http3.ErrCodeClosedCriticalStream},
		"DATA first":       {func(q *quic.Conn) { openRaw(t, q, body3) }, http3.ErrCodeFrameUnexpected},
		"frames of HTTP/2": {func(q *quic.Conn) { openRaw(t, q, []byte{0x06, 0x00}) }, http3.ErrCodeFrameUnexpected},
	} {
		t.Run(name, func(t *testing.T) {
			q := rawConn(t, s)
			tt.do(q)
			within(t, "the end", q.Context().Done())
			var app *quic.ApplicationError
			require.ErrorAs(t, context.Cause(q.Context()), &app)
			assert.Equal(t, tt.code, http3.ErrCode(app.ErrorCode), "%v", app)
			assert.True(t, app.Remote)
			assert.Contains(t, fetch(t, good, http.MethodGet, s.url("/"), ""), "200")
		})
	}
	for name, tt := range map[string]struct {
		send []byte
		code http3.ErrCode // of the reset; 0: an answer
	}{
		"a header of an exabyte":   {huge, 0},
		"QPACK's dynamic table":    {[]byte{0x01, 0x03, 0x02, 0x00, 0x80}, http3.ErrCodeQPACKDecompressionFailed},
		"half an integer of QPACK": {[]byte{0x01, 0x03, 0x00, 0x00, 0xff}, http3.ErrCodeQPACKDecompressionFailed},
		"no method":                {[]byte{0x01, 0x02, 0x00, 0x00}, http3.ErrCodeMessageError},
	} {
		t.Run(name, func(t *testing.T) {
			q := rawConn(t, s)
			str := openRaw(t, q, tt.send)
			assert.NoError(t, str.SetReadDeadline(time.Now().Add(time.Minute)))
			answer, err := io.ReadAll(str)
			if tt.code == 0 {
				require.NoError(t, err)
				assert.NotEmpty(t, answer, "it is 431")
			} else {
				var reset *quic.StreamError
				require.ErrorAs(t, err, &reset)
				assert.Equal(t, tt.code, http3.ErrCode(reset.ErrorCode))
			}
			assert.NoError(t, context.Cause(q.Context()), "the conn stays")
			str = openRaw(t, q, getRequest)
			require.NoError(t, str.Close())
			_, err = io.ReadAll(str)
			require.NoError(t, err)
		})
	}
	assert.NotContains(t, s.errors.text(), "panic")
}

// A client that opens streams of kinds that nobody knows, one after the other and as many at a time as it may, holds no
// more than those, and its requests go on.
func TestUniStreamFlood(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	q := rawConn(t, s)
	uni(t, q, []byte{0x00}, settingsFrame(100))
	for i := range 500 {
		str := uni(t, q, []byte{0x21})
		require.NotNil(t, str)
		if i%2 == 0 {
			_ = str.Close() // fails if the server has stopped it already, as it may
		}
	}
	for range http3x.DefaultMaxUniStreams { // without a type
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, _ = q.OpenUniStreamSync(ctx)
		cancel()
	}
	str := openRaw(t, q, getRequest)
	require.NoError(t, str.Close())
	_, err := io.ReadAll(str)
	require.NoError(t, err)
}

// Whatever comes on streams of both kinds: nothing panics, and others are served.
func TestRandomBytes(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, func(c *http3x.ServerConfig) { c.EnableDatagrams = true })
	good := transport(t, nil)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	for range 30 {
		q := rawConn(t, s)
		for range 10 {
			b := make([]byte, 1+r.IntN(200))
			for i := range b {
				b[i] = byte(r.Uint32()) >> r.IntN(8)
			}
			switch r.IntN(3) {
			case 0:
				if str, err := q.OpenStream(); err == nil {
					_, _ = str.Write(append([]byte{0x01, byte(len(b) & 0x3f), 0, 0}, b...))
					str.Close()
				}
			case 1:
				if str, err := q.OpenStream(); err == nil {
					_, _ = str.Write(b)
					str.CancelWrite(quic.StreamErrorCode(r.Uint32()))
				}
			default:
				if str, err := q.OpenUniStream(); err == nil {
					_, _ = str.Write(b)
				}
			}
		}
		require.NoError(t, q.CloseWithError(0, ""))
	}
	assert.Contains(t, fetch(t, good, http.MethodPost, s.url("/"), strings.Repeat("x", 10)), "200")
	assert.NotContains(t, s.errors.text(), "panic")
	eventually(t, "they are gone", func() bool { return s.Stats().InFlight == 0 && s.Stats().Conns == 1 })
}
