package socketz_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/socketz"
)

// crowd adds n conns without descriptors.
func crowd(t *testing.T, r *socketz.Registry, n int) {
	t.Helper()
	conns := make([]*fake, n)
	for i := range conns {
		role := socketz.Accepted
		if i%2 == 1 {
			role = socketz.Dialled
		}
		conns[i] = &fake{remote: textAddr(fmt.Sprintf("192.0.2.%d:%05d", i%8, i))}
		add(t, r, socketz.Socket{Name: fmt.Sprintf("n%d", i%3), Role: role, Conn: conns[i]})
	}
	t.Cleanup(func() { runtime.KeepAlive(conns) })
}

func ids(d *document) (list []uint64) {
	for _, c := range d.Conns {
		list = append(list, c.ID)
	}
	return list
}

func TestPaging(t *testing.T) {
	var r socketz.Registry
	crowd(t, &r, 250)
	d := look(t, &r, "")
	assert.Equal(t, 250, d.Matched)
	assert.Equal(t, 100, d.Limit)
	require.Len(t, d.Conns, 100)
	assert.Equal(t, uint64(1), d.Conns[0].ID)
	assert.Equal(t, uint64(100), d.Conns[99].ID)
	assert.Equal(t, []total{
		{"accepted", "n0", 42}, {"accepted", "n1", 41}, {"accepted", "n2", 42}, {"dialled", "n0", 42}, {"dialled", "n1", 42}, {"dialled", "n2", 41},
	}, d.Totals)
	assert.Equal(t, []uint64{241, 242, 243, 244, 245, 246, 247, 248, 249, 250}, ids(look(t, &r, "offset=240")))
	assert.Equal(t, []uint64{250, 249}, ids(look(t, &r, "sort=-id&limit=2")))
	assert.Equal(t, []uint64{2, 8}, ids(look(t, &r, "name=n1&role=dialled&limit=2")))
	assert.Equal(t, []uint64{3, 11}, ids(look(t, &r, "peer=192.0.2.2:&limit=2")))
	assert.Equal(t, []uint64{249, 241}, ids(look(t, &r, "peer=192.0.2.0:&sort=-peer&limit=2")))
	assert.Equal(t, []uint64{250}, ids(look(t, &r, "state=open&sort=-id&limit=1")))
	assert.Equal(t, []uint64{1, 4}, ids(look(t, &r, "sort=name&limit=2")))
	assert.Equal(t, []uint64{2, 4}, ids(look(t, &r, "sort=-role&limit=2")), "equal ones stay in order")
	assert.Equal(t, 250, look(t, &r, "sort=rtt").Matched)
	assert.Empty(t, ids(look(t, &r, "offset=300")))
	assert.Empty(t, ids(look(t, &r, "state=established")))

	page := html(t, &r, "")
	assert.Contains(t, page, "<span>1 to 100 of 250</span>")
	assert.Contains(t, page, `<a href="?offset=100" rel="next">Next</a>`)
	assert.NotContains(t, page, `rel="prev"`)
	page = html(t, &r, "offset=200&sort=-peer&role=accepted&limit=50")
	assert.Contains(t, page, "No conn is like that.")
	page = html(t, &r, "offset=100&sort=-peer&role=accepted&limit=20")
	assert.Contains(t, page, "<span>101 to 120 of 125</span>")
	assert.Contains(t, page, `<a href="?limit=20&amp;offset=80&amp;role=accepted&amp;sort=-peer" rel="prev">Previous</a>`)
	assert.Contains(t, page, `<a href="?limit=20&amp;offset=120&amp;role=accepted&amp;sort=-peer" rel="next">Next</a>`)
	assert.Contains(t, page, `aria-sort="descending"`)
	assert.Contains(t, page, "125 of 250")
}

// Sorting by what the kernel says.
func TestSortByTCPInfo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("TCP_INFO is for Linux")
	}
	var r socketz.Registry
	l := plainTCP(t)
	for i := range 5 {
		client, server := connect(t, l)
		_, err := client.Write(make([]byte, 1000*((i*3)%5)))
		require.NoError(t, err)
		add(t, &r, socketz.Socket{Name: "x", Conn: server})
	}
	require.Eventually(t, func() bool {
		var received []int64
		for _, c := range look(t, &r, "sort=-received").Conns {
			received = append(received, c.TCP.BytesReceived)
		}
		return assert.ObjectsAreEqual([]int64{4000, 3000, 2000, 1000, 0}, received)
	}, eventually, time.Millisecond)
	assert.Equal(t, 5, look(t, &r, "state=established&sort=sent").Matched)
	assert.Equal(t, 0, look(t, &r, "state=close-wait").Matched)
	for _, key := range []string{"rtt", "retrans", "unsent", "state"} {
		assert.Len(t, look(t, &r, "sort="+key).Conns, 5)
	}
}

func TestBadParameters(t *testing.T) {
	var r socketz.Registry
	for query, want := range map[string]string{
		"limit=0":                   "socketz: query limit=0: want 1 to 1000",
		"limit=1001":                "limit=1001: want 1 to 1000",
		"limit=x":                   "limit=x: want",
		"offset=-1":                 "offset=-1: want 0 to 2147483647",
		"id=0":                      "id=0: want 1 to 9223372036854775807",
		"role=listening":            "role=listening: want accepted, dialled",
		"state=asleep":              "state=asleep: want open, established,",
		"sort=color":                "sort=color: want id, name,",
		"format=xml":                "format=xml: want html, json",
		"refresh=x":                 "refresh=x: want 0 to 3600",
		"name=a&name=b":             "name=a: is there more than once",
		"limits=1":                  "limits=1: unknown parameter, there are format, id, limit,",
		"%3Cb%3E%1b=x":              `<b>\x1b=x: unknown parameter`,
		"limit=0&offset=x&sort=bad": "offset=x",
	} {
		w := request(t, r.Handler(nil), "/?"+query)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), want)
		assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	}
	assert.Equal(t, 3, strings.Count(request(t, r.Handler(nil), "/?limit=0&offset=x&sort=bad").Body.String(), "socketz:"), "all of them")
	// What the form sends when it is empty.
	html(t, &r, "name=&role=&peer=&state=&sort=id&limit=100&refresh=")
}

func TestRefresh(t *testing.T) {
	var r socketz.Registry
	assert.Equal(t, "5", request(t, r.Handler(nil), "/?refresh=5").Header().Get("Refresh"))
	assert.Empty(t, request(t, r.Handler(nil), "/?refresh=5&format=json").Header().Get("Refresh"))
	assert.Empty(t, request(t, r.Handler(nil), "/").Header().Get("Refresh"))
}

// There is nothing to load, and the style is the one that the policy allows.
func TestPageIsAlone(t *testing.T) {
	var r socketz.Registry
	_, server := connect(t, plainTCP(t))
	add(t, &r, socketz.Socket{Name: "x", Conn: server})
	page := html(t, &r, "")
	assert.Contains(t, page, "<style>"+socketz.Style+"</style>")
	assert.NotRegexp(t, `(?i)<(script|link|img|iframe|object)|\bsrc=|\bstyle=|\bon[a-z]+=|url\(|@import`, page)
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Regexp(t, `^(#|\?)`, link[1], "relative, so that the page can be anywhere")
	}
	assert.Contains(t, page, `<html lang="en">`)
	assert.Equal(t, filepath.Base(os.Args[0]), look(t, &r, "").Title)
	w := request(t, r.Handler(&socketz.Config{Title: "<my> proxy"}), "/")
	assert.Contains(t, w.Body.String(), "<title>&lt;my&gt; proxy: sockets</title>")
	assert.Contains(t, html(t, &socketz.Registry{}, ""), "No conn is open.")
}

// A page of very many conns is bounded, in time and in size.
func TestManyConns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var r socketz.Registry
	const n = 100000
	conns := make([]*fake, n)
	for i := range conns {
		conns[i] = &fake{remote: textAddr("192.0.2.1:1")}
		_, err := r.Add(socketz.Socket{Name: "x", Conn: conns[i]})
		require.NoError(t, err)
	}
	begun := time.Now()
	d := look(t, &r, "sort=-peer&limit=1000")
	t.Logf("%d conns took %v", n, time.Since(begun))
	assert.Equal(t, n, d.Matched)
	assert.Len(t, d.Conns, 1000)
	w := request(t, r.Handler(nil), "/?limit=1000")
	assert.Less(t, w.Body.Len(), 3<<20)
	runtime.KeepAlive(conns)
}

// Sockets that listen are bounded too.
func TestManyListeners(t *testing.T) {
	var r socketz.Registry
	for range 600 {
		add(t, &r, socketz.Socket{Name: "l", Role: socketz.Listening, Conn: &odd{}})
	}
	d := look(t, &r, "")
	assert.Len(t, d.Listeners, 500)
	assert.Equal(t, 600, d.Listening)
	assert.Contains(t, html(t, &r, ""), "100 more are not shown")
}

// A client that goes away ends the work: no other socket is asked.
func TestNobodyToWriteFor(t *testing.T) {
	for _, format := range []string{"html", "json"} {
		for _, role := range []socketz.Role{socketz.Accepted, socketz.Listening} {
			t.Run(format+" "+string(role), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var r socketz.Registry
				asked := 0
				for range 10 {
					add(t, &r, socketz.Socket{Role: role, Conn: &fake{}, Counters: func(any) any {
						asked++
						cancel()
						return nil
					}})
				}
				req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/?format="+format, nil)
				req.RemoteAddr = "127.0.0.1:1"
				w := httptest.NewRecorder()
				r.Handler(nil).ServeHTTP(w, req)
				assert.Equal(t, 1, asked)
				assert.Zero(t, w.Body.Len())
			})
		}
	}
}

// It does in a server too, whose conns end.
func TestClientGoesAway(t *testing.T) {
	noLeak(t)
	var r socketz.Registry
	crowd(t, &r, 2000)
	l := plainTCP(t)
	serve(t, l, r.Handler(nil))
	for range 5 {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		fmt.Fprintf(c, "GET /?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
		// The page is on its way. Without that an accept may fail, as it does under Wine, and the server ends.
		_, err = c.Read(make([]byte, 1))
		require.NoError(t, err)
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/", nil)
	req.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	r.Handler(nil).ServeHTTP(w, req)
	assert.Zero(t, w.Body.Len())
	html(t, &r, "")
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "id=1", "limit=5&offset=10&sort=-rtt", "name=%00&peer=%ff", "refresh=1&format=json", "a=b;c", "state=open&role=dialled"} {
		f.Add(s)
	}
	var r socketz.Registry
	conn := &fake{remote: textAddr("192.0.2.1:1")}
	_, err := r.Add(socketz.Socket{Name: "x", Conn: conn})
	require.NoError(f, err)
	plain := strings.NewReplacer("&amp;", "&", "&#43;", "+")
	link := regexp.MustCompile(`href="\?([^"]*)"`)
	f.Fuzz(func(t *testing.T, query string) {
		if _, err := url.ParseQuery(query); err != nil || len(query) > 4096 { // every link of a page has the query in it
			return
		}
		w := request(t, r.Handler(nil), "/?"+strings.NewReplacer("#", "%23", " ", "%20", "\x7f", "").Replace(strings.Map(visible, query)))
		if w.Code != http.StatusOK {
			return
		}
		// Every link on a page is one that the page takes.
		for _, found := range link.FindAllStringSubmatch(w.Body.String(), -1) {
			to := plain.Replace(found[1])
			assert.Equal(t, http.StatusOK, request(t, r.Handler(nil), "/?"+to).Code, to)
		}
		runtime.KeepAlive(conn)
	})
}

// visible drops what no request line can have.
func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\xff\u202e", strings.Repeat("ü", 300), "\U000e0001", "a\\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := socketz.Printable(s)
		assert.LessOrEqual(t, len(got), 256+10+len("…"))
		assert.NotRegexp(t, `[[:cntrl:]]`, got)
		assert.Equal(t, strings.ToValidUTF8(got, ""), got)
		assert.NotContains(t, got, "\u202e")
	})
}

// Who imports sockopt alone does not link net/http.
func TestSockoptIsLean(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the go command says the same on every system, and may be missing here: Linux asks it")
	}
	program, err := exec.LookPath("go")
	need(t, "go", err == nil)
	out, err := exec.CommandContext(t.Context(), program, "list", "-deps", "github.com/strata-net/strata/sockopt").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	assert.Contains(t, deps, "net")
	for _, heavy := range []string{"net/http", "html/template", "crypto/tls"} {
		assert.NotContains(t, deps, heavy)
	}
}
