package socketz_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// eventually is how long a test waits for what takes moments.
const eventually = time.Minute

func TestMain(m *testing.M) {
	socketz.SetPatience(eventually)
	os.Exit(m.Run())
}

// hasty runs f with the patience that a look has in programs, for what never answers.
func hasty(f func()) {
	defer socketz.SetPatience(socketz.SetPatience(time.Second))
	f()
}

// noLeak fails the test if there are more goroutines at its end than now.
func noLeak(t *testing.T) {
	t.Helper()
	base := runtime.NumGoroutine()
	t.Cleanup(func() {
		end := time.Now().Add(eventually)
		n := runtime.NumGoroutine()
		for ; n > base && time.Now().Before(end); n = runtime.NumGoroutine() {
			time.Sleep(5 * time.Millisecond)
		}
		if n > base {
			stacks := make([]byte, 1<<20)
			t.Errorf("goroutines %d -> %d\n%s", base, n, stacks[:runtime.Stack(stacks, true)])
		}
	})
}

// need skips a test that lacks something; where CI=true it must be there.
func need(t *testing.T, what string, ok bool) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is missing", what)
	default:
		t.Skipf("%s is missing", what)
	}
}

// listenUnix listens at a file, or skips where Windows cannot: it has unix sockets since
// version 10, and other rules for names; wine has none.
func listenUnix(t *testing.T, file string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", file)
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("this Windows has no such unix socket: %v", err)
	}
	require.NoError(t, err)
	return l
}

// plainTCP listens without Multipath TCP.
func plainTCP(t *testing.T) *net.TCPListener {
	t.Helper()
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// connect dials a listener and accepts.
func connect(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	return client, server
}

// add shows a registry a socket until the test ends.
func add(t *testing.T, r *socketz.Registry, s socketz.Socket) (remove func()) {
	t.Helper()
	remove, err := r.Add(s)
	require.NoError(t, err)
	t.Cleanup(func() {
		remove()
		runtime.KeepAlive(s.Conn)
	})
	return remove
}

// request asks a handler as a client on this machine does.
func request(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+target, nil)
	req.RemoteAddr = "127.0.0.1:40000"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// html returns a page.
func html(t *testing.T, r *socketz.Registry, query string) string {
	t.Helper()
	w := request(t, r.Handler(nil), "/?"+query)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	return w.Body.String()
}

// document is the JSON of a page.
type document struct {
	Title                             string
	Time                              time.Time
	Process                           struct{ PID int }
	Totals                            []total
	Counters                          []counter
	Matched, Offset, Limit, Listening int
	Listeners, Conns                  []shown
	Socket                            *shown
}

type counter struct {
	Name, Note string
	Values     json.RawMessage
}

type total struct {
	Role  socketz.Role
	Name  string
	Count int
}

type shown struct {
	ID                                        uint64
	Name, Type, Network, Local, Remote, State string
	Role                                      socketz.Role
	Addresses, Notes                          []string
	Since                                     time.Time
	Options                                   []struct{ Option, Wanted, Got, Verdict, Why string }
	All                                       map[string]any      `json:"allOptions"`
	TCP                                       *sockopt.TCPMetrics `json:"tcpInfo"`
	TLS                                       map[string]any
	Counters                                  json.RawMessage
}

// look returns the JSON of a page.
func look(t *testing.T, r *socketz.Registry, query string) *document {
	t.Helper()
	w := request(t, r.Handler(nil), "/?format=json&"+query)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	d := &document{}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), d), w.Body) //nolint:musttag // any case of a name fits
	return d
}

// only returns the one conn of a page.
func only(t *testing.T, r *socketz.Registry) shown {
	t.Helper()
	d := look(t, r, "")
	require.Len(t, d.Conns, 1)
	return d.Conns[0]
}

// serve runs a handler on a listener until the test ends.
func serve(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	s := &http.Server{Handler: h, ReadHeaderTimeout: eventually}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Shutdown(context.Background())) // waits for the requests in progress, however long they take
		<-done
	})
}

// readAll returns all of a body and closes it.
func readAll(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(b)
}
