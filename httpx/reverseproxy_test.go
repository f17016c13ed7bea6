package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// What is for one hop ends at the proxy, in both directions.
func TestProxyHopByHop(t *testing.T) {
	noLeak(t)
	got := make(chan *http.Request, 1)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("Connection", "X-Own")
		w.Header().Set("X-Own", "1")
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.Header().Set("Alt-Svc", `h3=":1"`)
		w.Header().Set("X-Kept", "2")
	})
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{Via: "edge"})
	c := dialRaw(t, f.addr)
	c.sayf("GET /a?b=1 HTTP/1.1\r\nHost: site\r\nConnection: keep-alive, X-Gone\r\nX-Gone: 1\r\nKeep-Alive: 3\r\n" +
		"TE: trailers, gzip\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nVia: 1.0 before\r\n" +
		"X-Forwarded-For: 9.9.9.9\r\nX-Kept: 1\r\n\r\n")
	res := c.response(http.MethodGet)
	r := <-got
	assert.Equal(t, "site", r.Host)
	assert.Equal(t, "/a?b=1", r.RequestURI)
	assert.Equal(t, http.Header{
		"Te": {"trailers"}, "Via": {"1.0 before, 1.1 edge"}, "X-Kept": {"1"}, "Accept-Encoding": r.Header["Accept-Encoding"],
		"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Host": {"site"}, "X-Forwarded-Proto": {"http"},
	}, r.Header)
	res.Header.Del("Date")
	assert.Equal(t, http.Header{"Content-Length": {"0"}, "Via": {"1.1 edge"}, "X-Kept": {"2"}}, res.Header)
}

// A request that two servers could read in two ways is not passed on.
func TestProxySmuggling(t *testing.T) {
	noLeak(t)
	var seen sync.Map // by path: what came whole; a body that breaks off may do so after its response
	o := behind(t, func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			seen.Store(r.URL.Path, fmt.Sprintf("%s len=%d te=%v body=%q", r.Method, r.ContentLength, r.TransferEncoding, body))
		}
	})
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	for i, tt := range []struct{ name, head, want string }{
		{"two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", ""},
		{"list of lengths", "Content-Length: 3, 4\r\n\r\nabcd", ""},
		{"signed length", "Content-Length: +3\r\n\r\nabc", ""},
		{"space before the colon", "Content-Length : 3\r\n\r\nabc", ""},
		{"chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
		{"other encoding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", ""},
		{"chunked last", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ""},
		{"folded is a value", "X: a\r\n Content-Length: 3\r\n\r\n", `POST len=0 te=[] body=""`},
		{"bad chunk size", "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", ""},
		{"chunked wins, length is dropped", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", `POST len=-1 te=[chunked] body="x"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialRaw(t, f.addr)
			path := fmt.Sprintf("/%d", i)
			c.sayf("POST %s HTTP/1.1\r\nHost: x\r\n%s", path, tt.head)
			res := c.response(http.MethodPost)
			got, passed := seen.Load(path)
			if tt.want == "" {
				assert.GreaterOrEqual(t, res.StatusCode, 400)
				assert.False(t, passed, got)
				return
			}
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, tt.want, got)
		})
	}
}

// Bytes go both ways at a time, and trailers follow, between all versions.
func TestProxyStreams(t *testing.T) {
	for _, tt := range []struct {
		name             string
		client, upstream *http.Protocols
	}{
		{"h1 to h1", onlyHTTP1, onlyHTTP1}, {"h1 to h2c", onlyHTTP1, onlyH2C},
		{"h2c to h1", onlyH2C, onlyHTTP1}, {"h2c to h2c", onlyH2C, onlyH2C},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			o := behind(t, echoing)
			f := front(t, o.addr, tt.upstream, &httpx.ReverseProxyConfig{})
			in, out := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+f.addr, in)
			require.NoError(t, err)
			req.Trailer = http.Header{"Req-Trailer": nil}
			sent := make(chan error, 1)
			go func() {
				_, err := io.WriteString(out, "one")
				sent <- err
			}()
			res, err := client(t, tt.client, nil).RoundTrip(req)
			require.NoError(t, err)
			defer res.Body.Close()
			got := make([]byte, 3)
			_, err = io.ReadFull(res.Body, got)
			require.NoError(t, err)
			require.NoError(t, <-sent)
			assert.Equal(t, "one", string(got))
			req.Trailer.Set("Req-Trailer", "t")
			require.NoError(t, out.Close())
			rest, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Empty(t, rest)
			assert.Equal(t, http.Header{"Announced": {"t"}, "Late": {"2"}}, res.Trailer)
		})
	}
}

// echoing sends back what comes, and the trailer of the request as one.
func echoing(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	w.Header().Set("Trailer", "Announced")
	control.Flush()
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		w.Write(buf[:n])
		control.Flush()
		if err != nil {
			break
		}
	}
	w.Header().Set("Announced", r.Trailer.Get("Req-Trailer"))
	w.Header().Set(http.TrailerPrefix+"Late", "2")
}

// 100 Continue is asked of the upstream, and 103 comes before the response.
func TestProxyInformational(t *testing.T) {
	for name, upstream := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			o := behind(t, func(w http.ResponseWriter, r *http.Request) {
				var body []byte
				if r.URL.Path == "/yes" { // before the hint: net/http's HTTP/2 sends no 100 after it
					body, _ = io.ReadAll(r.Body)
				}
				w.Header().Set("Link", "</x>")
				w.WriteHeader(http.StatusEarlyHints)
				if r.URL.Path == "/no" {
					w.WriteHeader(http.StatusForbidden)
				}
				w.Write(body)
			})
			tr := client(t, upstream, nil)
			tr.ExpectContinueTimeout = time.Hour
			f := front(t, o.addr, nil, &httpx.ReverseProxyConfig{Transport: tr})
			for path, status := range map[string]int{"/yes": 200, "/no": 403} {
				var hints []int
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
						hints = append(hints, code)
						return nil
					},
				})
				body := strings.NewReader("body")
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+f.addr+path, body)
				require.NoError(t, err)
				req.Header.Set("Expect", "100-continue")
				own := client(t, onlyHTTP1, nil)
				own.ExpectContinueTimeout = time.Hour
				res, err := own.RoundTrip(req)
				require.NoError(t, err)
				got, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				assert.Equal(t, status, res.StatusCode)
				assert.Contains(t, hints, http.StatusEarlyHints)
				if path == "/yes" {
					assert.Equal(t, "body", string(got))
				} else {
					assert.NotContains(t, hints, http.StatusContinue)
					assert.Equal(t, 4, body.Len(), "sent without being asked")
				}
			}
		})
	}
}

// What fails before the response has a status, and is told.
func TestProxyFailures(t *testing.T) {
	refused := &url.URL{Scheme: "http", Host: nobody}
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for _, tt := range []struct {
		name   string
		cfg    httpx.ReverseProxyConfig
		status int
		body   string
		told   string
	}{
		{"refused", httpx.ReverseProxyConfig{Target: refused}, 502, "Bad Gateway\n", errRefused.Error()},
		{"timeout", httpx.ReverseProxyConfig{Transport: &http.Transport{ResponseHeaderTimeout: 50 * time.Millisecond}}, 504, "Gateway Timeout\n", "timeout"},
		{"no route", httpx.ReverseProxyConfig{Route: func(*http.Request) (*url.URL, error) { return nil, nil }}, 404, "Not Found\n", "<nil>"},
		{"bad route", httpx.ReverseProxyConfig{Route: func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "ftp"}, nil }}, 502, "Bad Gateway\n", "route"},
		{"route fails", httpx.ReverseProxyConfig{Route: func(*http.Request) (*url.URL, error) { return nil, context.DeadlineExceeded }}, 504, "Gateway Timeout\n", "route"},
		{"modify fails", httpx.ReverseProxyConfig{
			Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Path = "/quick" },
			ModifyResponse: func(*http.Response) error { return errors.New("not that") },
		}, 502, "Bad Gateway\n", "not that"},
		{"own answer", httpx.ReverseProxyConfig{Target: refused, Failed: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			w.WriteHeader(status + 9)
		}}, 511, "", errRefused.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			o := behind(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/quick" {
					hang(w, r)
				}
			})
			if tr, ok := tt.cfg.Transport.(*http.Transport); ok {
				defer tr.CloseIdleConnections()
			}
			f := front(t, o.addr, onlyHTTP1, &tt.cfg)
			res, body, err := get(t, client(t, onlyHTTP1, nil), "http://"+f.addr)
			require.NoError(t, err)
			assert.Equal(t, tt.status, res.StatusCode)
			assert.Equal(t, tt.body, body)
			assert.Contains(t, f.errors.text(), tt.told)
		})
	}
}

// A response that the upstream does not finish is aborted, whatever its form.
func TestProxyAborts(t *testing.T) {
	for _, head := range []string{"Content-Length: 99", "Transfer-Encoding: chunked"} {
		for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
			t.Run(head+" "+name, func(t *testing.T) {
				noLeak(t)
				l := listen(t)
				go func() {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Read(make([]byte, 1024))
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s\r\n\r\n4\r\nabcd\r\n", head)
					c.Close()
				}()
				f := front(t, l.Addr().String(), onlyHTTP1, &httpx.ReverseProxyConfig{})
				_, _, err := get(t, client(t, p, nil), "http://"+f.addr)
				require.Error(t, err)
				eventually(t, "told", func() bool { return strings.Contains(f.errors.text(), "EOF") })
			})
		}
	}
}

// A client that goes away ends the request to the upstream.
func TestProxyCancel(t *testing.T) {
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			entered, left := make(chan struct{}), make(chan error, 1)
			o := behind(t, func(_ http.ResponseWriter, r *http.Request) {
				close(entered)
				<-r.Context().Done()
				left <- r.Context().Err()
			})
			f := front(t, o.addr, p, &httpx.ReverseProxyConfig{})
			ctx, cancel := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.addr, nil)
			require.NoError(t, err)
			go func() {
				<-entered
				cancel()
			}()
			_, err = client(t, p, nil).RoundTrip(req)
			require.ErrorIs(t, err, context.Canceled)
			assert.ErrorIs(t, <-left, context.Canceled)
		})
	}
}

// OPTIONS and TRACE count their hops.
func TestProxyMaxForwards(t *testing.T) {
	noLeak(t)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "max=%s", r.Header.Get("Max-Forwards")) })
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	for _, tt := range []struct{ method, value, want string }{
		{"OPTIONS", "0", ""},
		{"OPTIONS", "2", "max=1"},
		{"OPTIONS", "x", "max=x"},
		{"OPTIONS", "", "max="},
		{"GET", "0", "max=0"},
		{"TRACE", "1", "max=0"},
		{"TRACE", "0", "TRACE /p HTTP/1.1\r\nHost: " + f.addr + "\r\nMax-Forwards: 0\r\nUser-Agent: x\r\n\r\n"},
	} {
		t.Run(tt.method+" "+tt.value, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+f.addr+"/p", nil)
			require.NoError(t, err)
			req.Header = http.Header{"Max-Forwards": {tt.value}, "User-Agent": {"x"}, "Cookie": {"secret"}, "Authorization": {"secret"}}
			tr := client(t, onlyHTTP1, nil)
			tr.DisableCompression = true
			res, err := tr.RoundTrip(req)
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(body))
		})
	}
}

// Without a config for it there is no CONNECT, and everything wrong is told at once.
func TestProxyConfig(t *testing.T) {
	_, err := httpx.NewReverseProxy(nil)
	assert.Equal(t, "Target", failure(t, err).Field)
	_, err = httpx.NewReverseProxy(&httpx.ReverseProxyConfig{
		Target: &url.URL{Scheme: "http", Host: "x"}, Route: func(*http.Request) (*url.URL, error) { return nil, nil },
		Via: "a b", Upgrades: []string{"", "h2c", "HTTP/2.0", "fine"},
		Forwarding: httpx.Forwarding{Mode: 7, Trusted: make([]netip.Prefix, 1)},
	})
	for _, want := range []string{"Target", "Via", `Upgrades=""`, `Upgrades="h2c"`, `Upgrades="HTTP/2.0"`, "Forwarding.Mode", "Forwarding.Trusted"} {
		assert.ErrorContains(t, err, want)
	}
	for _, bad := range []string{"ftp://x", "http:///x", "http://u@x", "/x"} {
		u, perr := url.Parse(bad)
		require.NoError(t, perr)
		_, err = httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: u})
		assert.Equal(t, "Target", failure(t, err).Field, bad)
	}
	noLeak(t)
	o := behind(t, tell)
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: o.addr}, RewriteHost: true})
	require.NoError(t, err)
	defer p.Close()
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: p})
	_, body, err := get(t, client(t, onlyHTTP1, nil), "http://"+s.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 tls=false", body)
	c := dialRaw(t, s.addr)
	c.sayf("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n")
	assert.Equal(t, http.StatusMethodNotAllowed, c.response("CONNECT").StatusCode)
}
