package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/socketz"
)

func TestAdminErrors(t *testing.T) {
	for entry, want := range map[string]string{
		`{}`:                              "admin.address: is missing",
		`{address: ":7079"}`:              `admin.address: ":7079": want a loopback address`,
		`{address: "0.0.0.0:7079"}`:       "want a loopback address such as 127.0.0.1: the page asks nobody who he is",
		`{address: "192.0.2.1:7079"}`:     "want a loopback address",
		`{address: "localhost:7079"}`:     "want a loopback address",
		`{address: "127.0.0.1:1-3"}`:      "want one port",
		`{address: "udp://127.0.0.1:1"}`:  "want tcp:// or unix://, got udp://",
		`{address: "fd://3"}`:             "want tcp:// or unix://, got fd://",
		`{address: "127.0.0.1"}`:          "want host:port",
		`{address: "tcp://127.0.0.1:99"}`: `listeners[0].address: "127.0.0.1:99": is also at admin.address`,
		`{port: 1}`:                       "admin.port: unknown field",
	} {
		_, err := Load("x.yaml", []byte(`
admin: `+entry+`
upstreams: [{name: up, echo: tcp}]
listeners: [{name: a, address: "127.0.0.1:99", routes: [{upstream: up}]}]
`), nil)
		require.Error(t, err, entry)
		assert.Contains(t, err.Error(), want)
	}
}

// withAdmin is a gateway with a page and a listener of each kind.
func withAdmin(admin string) string {
	return admin + `
upstreams:
  - {name: bytes, echo: tcp, dial: {options: {TCP_KEEPIDLE: 20s}}}
  - {name: datagrams, echo: udp}
  - {name: requests, echo: http}
listeners:
  - {name: plain, address: "127.0.0.1:0", options: {TCP_NODELAY: false, TCP_KEEPIDLE: 33s}, routes: [{upstream: bytes}]}
  - {name: secure, address: "127.0.0.1:0", self_signed: [127.0.0.1], routes: [{upstream: bytes}]}
  - {name: udp, address: "127.0.0.1:0", protocol: udp, routes: [{upstream: datagrams}]}
  - {name: quic, address: "127.0.0.1:0", protocol: quic, self_signed: [127.0.0.1], tls: {alpn: [bytes]}, routes: [{upstream: bytes}]}
  - {name: dtls, address: "127.0.0.1:0", protocol: dtls, self_signed: [127.0.0.1], routes: [{upstream: datagrams}]}
  - {name: web, address: "127.0.0.1:0", protocol: http3, self_signed: [127.0.0.1], routes: [{upstream: requests}]}
`
}

// adminJSON is the JSON of the page.
type adminJSON struct {
	Listeners, Conns []adminSocket
}

type adminSocket struct {
	Name, Local, Remote, State string
	Role                       socketz.Role
	Options                    []struct{ Option, Got, Verdict string }
	TLS                        *struct{ Version string }
	TCPInfo                    *struct{ BytesReceived int64 }
	Counters                   map[string]any
	Notes                      []string
}

// adminLook returns what the page shows.
func adminLook(t *testing.T, address string) *adminJSON {
	t.Helper()
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/?format=json", http.NoBody)
	require.NoError(t, err)
	res, err := c.Do(req)
	require.NoError(t, err)
	body := readAll(t, res)
	require.Equal(t, http.StatusOK, res.StatusCode, body)
	page := &adminJSON{}
	require.NoError(t, json.Unmarshal([]byte(body), page), body) //nolint:musttag // any case of a name fits
	return page
}

// conns returns those of a name.
func (p *adminJSON) conns(name string) (list []adminSocket) {
	for _, c := range p.Conns {
		if c.Name == name {
			list = append(list, c)
		}
	}
	return list
}

// adminAddress is where the page is.
func (g *local) adminAddress() string { return g.admin.listener.Addr().String() }

// The page shows what is open: listeners, clients and conns to upstreams, with what the kernel says of them.
func TestAdminPage(t *testing.T) {
	settled(t)
	g := start(t, withAdmin(`admin: {address: "127.0.0.1:0"}`), nil)
	page := adminLook(t, g.adminAddress())
	var names []string
	for _, l := range page.Listeners {
		names = append(names, l.Name)
		assert.Empty(t, l.Notes)
	}
	assert.Equal(t, []string{"plain", "secure", "udp", "quic", "dtls", "web", "web", "admin"}, names)

	plain := dialTCP(t, g.address("plain"))
	fmt.Fprint(plain, "hello")
	heard(t, plain, "hello")
	secure := dialTLS(t, g)
	udp, err := net.Dial("udp", g.address("udp"))
	require.NoError(t, err)
	t.Cleanup(func() { udp.Close() })
	require.NoError(t, udp.SetDeadline(time.Now().Add(patience)))
	fmt.Fprint(udp, "ping")
	heard(t, udp, "ping")
	stream := dialStream(t, g, streamsTo(t, g, ""))
	fmt.Fprint(stream, "hey")
	heard(t, stream, "hey")

	page = adminLook(t, g.adminAddress())
	require.Len(t, page.conns("plain"), 1)
	c := page.conns("plain")[0]
	assert.Equal(t, socketz.Accepted, c.Role)
	assert.Equal(t, plain.LocalAddr().String(), c.Remote)
	for _, o := range c.Options {
		assert.Equal(t, "ok", o.Verdict, o.Option)
	}
	if runtime.GOOS == "linux" {
		assert.Equal(t, "established", c.State)
		assert.Equal(t, int64(5), c.TCPInfo.BytesReceived)
	}
	for name, version := range map[string]string{"secure": "TLS 1.3", "quic": "TLS 1.3"} {
		require.Len(t, page.conns(name), 1, name)
		require.NotNil(t, page.conns(name)[0].TLS, name)
		assert.Equal(t, version, page.conns(name)[0].TLS.Version)
	}
	require.Len(t, page.conns("udp"), 1)
	assert.Equal(t, udp.LocalAddr().String(), page.conns("udp")[0].Remote)
	assert.Len(t, page.conns("bytes"), 3)
	assert.Equal(t, socketz.Dialled, page.conns("bytes")[0].Role)
	assert.Len(t, page.conns("datagrams"), 1)
	assert.InEpsilon(t, 1, page.Listeners[0].Counters["Accepted"], 0)

	for _, c := range []io.Closer{plain, secure, stream} {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool {
		page := adminLook(t, g.adminAddress())
		return len(page.conns("plain")) == 0 && len(page.conns("secure")) == 0 && len(page.conns("quic")) == 0 && len(page.conns("bytes")) == 0
	}, patience, 5*time.Millisecond)
}

// dialTLS opens a session of the listener secure.
func dialTLS(t *testing.T, g *local) net.Conn {
	t.Helper()
	raw := dialTCP(t, g.address("secure"))
	c := tls.Client(raw, &tls.Config{RootCAs: g.roots(), ServerName: "127.0.0.1"})
	t.Cleanup(func() { c.Close() })
	fmt.Fprint(c, "hi")
	heard(t, c, "hi")
	return c
}

// The page refuses what does not come from this machine as such.
func TestAdminRefuses(t *testing.T) {
	g := start(t, withAdmin(`admin: {address: "127.0.0.1:0"}`), nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.adminAddress()+"/", http.NoBody)
	require.NoError(t, err)
	req.Host = "rebound.example"
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	readAll(t, res)
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
	g.log.eventually(t, "Host=rebound.example")
}

// A reload opens, moves and closes the page; conns that were there before are on it.
func TestAdminReload(t *testing.T) {
	settled(t)
	g := start(t, withAdmin(""), nil)
	plain := dialTCP(t, g.address("plain"))
	fmt.Fprint(plain, "x")
	heard(t, plain, "x")
	at := closedPort(t)
	require.NoError(t, g.reload(t, withAdmin(fmt.Sprintf("admin: {address: %q}", at))))
	first := g.adminAddress()
	require.Len(t, adminLook(t, first).conns("plain"), 1)
	require.NoError(t, g.reload(t, withAdmin(fmt.Sprintf("admin: {address: %q}", "tcp://"+at))))
	require.Equal(t, first, g.adminAddress(), "the same, so it stays")

	if runtime.GOOS != "windows" {
		file := filepath.Join(t.TempDir(), "s")
		require.NoError(t, g.reload(t, withAdmin(`admin: {address: "unix://`+file+`"}`)))
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		c, err := net.Dial("unix", file)
		require.NoError(t, err)
		fmt.Fprint(c, "GET /?format=json HTTP/1.0\r\n\r\n")
		answer, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Contains(t, string(answer), `"name":"plain"`)
		c.Close()
		_, err = net.Dial("tcp", first)
		require.Error(t, err, "it has moved")
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	err = g.reload(t, withAdmin(fmt.Sprintf("admin: {address: %q}", l.Addr())))
	require.ErrorContains(t, err, "admin: ")
	require.NoError(t, g.reload(t, withAdmin("")))
	assert.Nil(t, g.admin)
}
