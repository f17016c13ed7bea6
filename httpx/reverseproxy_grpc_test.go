package httpx_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/strata-net/strata/httpx"
)

// framed is a conn of HTTP/2 whose frames the test writes itself.
type framed struct {
	*raw
	*http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
}

// dialFrames opens a conn of h2c, past the preface.
func dialFrames(t *testing.T, address string, settings ...http2.Setting) *framed {
	t.Helper()
	c := &framed{raw: dialRaw(t, address)}
	c.Framer = http2.NewFramer(c.raw.Conn, c.raw.Reader)
	c.Framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.block)
	c.sayf(http2.ClientPreface)
	require.NoError(t, c.WriteSettings(settings...))
	return c
}

// header encodes fields, names and values in turn.
func (c *framed) header(fields ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		c.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return bytes.Clone(c.block.Bytes())
}

// ask sends a request; the usual pseudo fields come before the fields.
func (c *framed) ask(stream uint32, method string, end bool, fields ...string) error {
	fields = append([]string{":method", method, ":scheme", "http", ":path", "/", ":authority", "x"}, fields...)
	return c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.header(fields...), EndHeaders: true, EndStream: end})
}

// next returns the next frame of a stream as text, and acknowledges settings.
func (c *framed) next(stream uint32) (string, error) {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return "", err
		}
		if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
			if err := c.WriteSettingsAck(); err != nil {
				return "", err
			}
		}
		if f.Header().StreamID == stream {
			return describe(f), nil
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			return describe(g), nil
		}
	}
}

func describe(f http2.Frame) string {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		s := "HEADERS"
		slices.SortFunc(f.Fields, func(a, b hpack.HeaderField) int { return strings.Compare(a.Name, b.Name) })
		for _, h := range f.Fields {
			if h.Name != "date" {
				s += " " + h.Name + "=" + h.Value
			}
		}
		return s + fmt.Sprintf(" end=%t", f.StreamEnded())
	case *http2.DataFrame:
		return fmt.Sprintf("DATA %q end=%t", f.Data(), f.StreamEnded())
	case *http2.RSTStreamFrame:
		return "RST_STREAM " + f.ErrCode.String()
	case *http2.GoAwayFrame:
		return "GOAWAY " + f.ErrCode.String()
	}
	return f.Header().Type.String()
}

// expect reads frames of a stream and compares them.
func (c *framed) expect(stream uint32, want ...string) {
	c.t.Helper()
	for _, w := range want {
		got, err := c.next(stream)
		require.NoError(c.t, err)
		require.Equal(c.t, w, got)
	}
}

// A gRPC call that fails at once is answered by one HEADERS frame, which some
// clients insist on, and one with messages by trailers after its data.
func TestProxyGRPC(t *testing.T) {
	noLeak(t)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		if r.Header.Get("Fail") != "" {
			w.Header().Set("Grpc-Status", "5")
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		buf := make([]byte, 16)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				w.Write(bytes.ToUpper(buf[:n]))
				http.NewResponseController(w).Flush()
			}
			if err == io.EOF {
				break
			}
			if !assert.NoError(t, err) {
				return
			}
		}
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", r.Trailer.Get("X-Request-Trailer"))
	})
	f := front(t, o.addr, onlyH2C, &httpx.ReverseProxyConfig{})
	c := dialFrames(t, f.addr)
	require.NoError(t, c.ask(1, http.MethodPost, false, "te", "trailers", "content-type", "application/grpc", "fail", "1"))
	c.expect(1, "HEADERS :status=200 content-length=0 content-type=application/grpc grpc-status=5 end=true")

	require.NoError(t, c.ask(3, http.MethodPost, false, "te", "trailers", "content-type", "application/grpc", "trailer", "x-request-trailer"))
	require.NoError(t, c.WriteData(3, false, []byte("one")))
	c.expect(3, "HEADERS :status=200 content-type=application/grpc trailer=Grpc-Status end=false", `DATA "ONE" end=false`)
	require.NoError(t, c.WriteData(3, false, []byte("two")))
	c.expect(3, `DATA "TWO" end=false`)
	require.NoError(t, c.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 3, BlockFragment: c.header("x-request-trailer", "said"), EndHeaders: true, EndStream: true,
	}))
	c.expect(3, "HEADERS grpc-message=said grpc-status=0 end=true")
}
