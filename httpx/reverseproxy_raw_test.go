package httpx_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// tape is an upstream that keeps the bytes that it gets.
type tape struct {
	addr string
	mu   sync.Mutex
	all  bytes.Buffer
}

// Write adds to the tape.
func (u *tape) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all.Write(p)
}

// take returns what came since the last call.
func (u *tape) take() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer u.all.Reset()
	return u.all.String()
}

// recording starts an upstream that answers every request with the response.
func recording(t *testing.T, response string) *tape {
	t.Helper()
	l := listen(t)
	u := &tape{addr: l.Addr().String()}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { u.answer(c, response) })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return u
}

func (u *tape) answer(c net.Conn, response string) {
	defer c.Close()
	r := bufio.NewReader(io.TeeReader(c, u))
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		if _, err := io.WriteString(c, response); err != nil {
			return
		}
	}
}

const empty200 = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// What goes upstream is one request with one reading, whatever bytes came: no
// byte of a body, of a header value or of a chunk extension becomes a request.
func TestProxyRawRequests(t *testing.T) {
	noLeak(t)
	const own = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: x\r\nX-Forwarded-Proto: http\r\n"
	chunked := func(body string) string {
		return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + own + "\r\n" + body
	}
	u := recording(t, empty200)
	f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.Header.Set("User-Agent", "") // neither that of the client nor that of net/http
		r.Out.Header.Set("Accept-Encoding", "identity")
	}})
	const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	post := "POST / HTTP/1.1\r\nHost: x\r\n"
	for _, tt := range []struct{ name, sent, want string }{
		{"TE over CL", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", chunked("1\r\nx\r\n0\r\n\r\n")},
		{"TE before CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n", chunked("1\r\nx\r\n0\r\n\r\n")},
		{"TE in capitals", post + "TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n", chunked("0\r\n\r\n")},
		{"TE with a tab", post + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", chunked("0\r\n\r\n")},
		{"chunk extension", post + "Transfer-Encoding: chunked\r\n\r\n1;a=\"GET /hidden\"\r\nx\r\n0;b\r\n\r\n", chunked("1\r\nx\r\n0\r\n\r\n")},
		{"zeros before the size", post + "Transfer-Encoding: chunked\r\n\r\n0001\r\nx\r\n00\r\n\r\n", chunked("1\r\nx\r\n0\r\n\r\n")},
		{"request in the body", post + "Content-Length: 33\r\n\r\n" + hidden, post + "Content-Length: 33\r\n" + own + "\r\n" + hidden},
		{"same length twice", post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", post + "Content-Length: 1\r\n" + own + "\r\nx"},
		{"bare LF between fields", "POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\nx", post + "Content-Length: 1\r\n" + own + "\r\nx"},
		{"folded", post + "X-A: a\r\n GET /hidden HTTP/1.1\r\n\r\n", post + "Content-Length: 0\r\nX-A: a GET /hidden HTTP/1.1\r\n" + own + "\r\n"},
		{"Connection names the length", post + "Connection: Content-Length, Transfer-Encoding, Host\r\nContent-Length: 1\r\n\r\nx", post + "Content-Length: 1\r\n" + own + "\r\nx"},
		{"Connection names the proxy's fields", "GET / HTTP/1.1\r\nHost: x\r\nConnection: X-Forwarded-For, X-Forwarded-Host, x-forwarded-proto\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n" + own + "\r\n"},
		{"body of a GET", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n\r\n" + hidden, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n" + own + "\r\n" + hidden},
		{"TE misspelt", post + "Transfer_Encoding: chunked\r\nX: 1\r\n\r\n", post + "Content-Length: 0\r\nTransfer_encoding: chunked\r\nX: 1\r\n" + own + "\r\n"},

		{"list of codings", post + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", ""},
		{"coding in quotes", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", ""},
		{"vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", ""},
		{"space in the name", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", ""},
		{"folded coding", post + "Transfer-Encoding:\r\n chunked, x\r\n\r\n0\r\n\r\n", ""},
		{"NUL in a value", post + "X: a\x00b\r\n\r\n", ""},
		{"CR in a value", post + "X: a\rGET /hidden HTTP/1.1\r\n\r\n", ""},
		{"no name", post + ": a\r\n\r\n", ""},
		{"space before the first field", "POST / HTTP/1.1\r\n Host: x\r\n\r\n", ""},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", ""},
		{"no host", "GET / HTTP/1.1\r\n\r\n", ""},
		{"length in hexadecimal", post + "Content-Length: 0x1\r\n\r\nx", ""},
		{"length above 63 bits", post + "Content-Length: 18446744073709551617\r\n\r\nx", ""},
		{"space in the URI", "GET /a HTTP/1.1 /b HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u.take()
			c := dialRaw(t, f.addr)
			c.sayf("%s", tt.sent)
			res := c.response(http.MethodPost)
			if tt.want == "" {
				assert.Contains(t, []int{http.StatusBadRequest, http.StatusNotImplemented}, res.StatusCode)
				assert.Empty(t, u.take())
				return
			}
			assert.Equal(t, http.StatusOK, res.StatusCode)
			got := strings.Replace(u.take(), "Accept-Encoding: identity\r\n", "", 1)
			assert.Equal(t, headLines(tt.want), headLines(got))
			assert.Equal(t, afterHead(tt.want), afterHead(got))
		})
	}
}

// headLines returns the lines of a header, without their order.
func headLines(message string) map[string]int {
	head, _, _ := strings.Cut(message, "\r\n\r\n")
	lines := map[string]int{}
	for line := range strings.SplitSeq(head, "\r\n") {
		lines[line]++
	}
	return lines
}

// afterHead returns what comes after the header.
func afterHead(message string) string {
	_, rest, _ := strings.Cut(message, "\r\n\r\n")
	return rest
}

// A chunk that is not what its size says ends the request to the upstream
// without the end of the body, so that nothing can follow it.
func TestProxyRawChunks(t *testing.T) {
	noLeak(t)
	u := recording(t, empty200)
	f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	for name, body := range map[string]string{
		"too short":          "5\r\nabc\r\n0\r\n\r\n",
		"too long":           "1\r\nabc\r\n0\r\n\r\n",
		"LF after the size":  "1\nx\r\n0\r\n\r\n",
		"LF after the chunk": "1\r\nx\n0\r\n\r\n",
		"LF in an extension": "1;a\nb\r\nx\r\n0\r\n\r\n",
		"CR in an extension": "1;a\rb\r\nx\r\n0\r\n\r\n",
		"negative":           "-1\r\nx\r\n0\r\n\r\n",
		"size of 17 digits":  "00000000000000001\r\nx\r\n0\r\n\r\n",
		"no size":            "\r\nx\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			u.take()
			c := dialRaw(t, f.addr)
			c.sayf("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%sGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n", body)
			require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			answers, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.NotContains(t, string(answers), "200 OK")
			got := u.take()
			assert.NotContains(t, got, "0\r\n\r\n")
			assert.NotContains(t, got, "GET /hidden")
		})
	}
}

// A response that could be read in two ways is none.
func TestProxyRawResponses(t *testing.T) {
	noLeak(t)
	for name, response := range map[string]string{
		"two lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
		"other coding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"negative":         "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
		"CR in a value":    "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
		"NUL in a value":   "HTTP/1.1 200 OK\r\nX: a\x00\r\nContent-Length: 0\r\n\r\n",
		"no status":        "HTTP/1.1 OK\r\n\r\n",
		"no HTTP":          "hello\r\n\r\n",
		"header too large": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 11<<20) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			u := recording(t, response)
			f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
			c := dialRaw(t, f.addr)
			c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			res := c.response(http.MethodGet)
			assert.Equal(t, http.StatusBadGateway, res.StatusCode)
			assert.Empty(t, res.Header.Get("X")+res.Header.Get("Set-Cookie"))
		})
	}
}

// An informational response is one of its conn, too, and takes nothing from the final one.
func TestProxyRawInformational(t *testing.T) {
	noLeak(t)
	const hint = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n" +
		"Keep-Alive: timeout=5\r\nTrailer: X\r\nAlt-Svc: h3=\":443\"\r\n\r\n"
	for name, response := range map[string]string{
		"once":   hint + "HTTP/1.1 200 OK\r\nX-Own: b\r\nContent-Length: 0\r\n\r\n",
		"twice":  hint + hint + "HTTP/1.1 200 OK\r\nX-Own: b\r\nContent-Length: 0\r\n\r\n",
		"broken": hint + "no HTTP\r\n\r\n",
	} {
		for version, upstream := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
			t.Run(name+" "+version, func(t *testing.T) {
				u := recording(t, response)
				p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{
					Target: &url.URL{Scheme: "http", Host: u.addr}, Transport: client(t, onlyHTTP1, nil),
				})
				require.NoError(t, err)
				f := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Own", "a")
					w.Header().Set("Connection", "close") // as a server does that drains
					p.ServeHTTP(w, r)
				})})
				var hints []textproto.MIMEHeader
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					Got1xxResponse: func(_ int, header textproto.MIMEHeader) error {
						hints = append(hints, header)
						return nil
					},
				})
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.addr, nil)
				require.NoError(t, err)
				res, err := client(t, upstream, nil).RoundTrip(req)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.NotEmpty(t, hints)
				for _, h := range hints {
					assert.Equal(t, "</x>", h.Get("Link"))
					for _, name := range []string{"Connection", "X-Hop", "Keep-Alive", "Trailer", "Alt-Svc"} {
						assert.Empty(t, h.Values(name), name)
					}
				}
				assert.Empty(t, res.Header.Get("Link"))
				if name == "broken" {
					assert.Equal(t, http.StatusBadGateway, res.StatusCode)
					assert.Equal(t, []string{"a"}, res.Header.Values("X-Own"))
				} else {
					assert.Equal(t, []string{"a", "b"}, res.Header.Values("X-Own"))
				}
				assert.Equal(t, version == "h1", res.Close)
			})
		}
	}
}
