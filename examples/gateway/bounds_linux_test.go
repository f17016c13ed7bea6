package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// curl announces a client with a PROXY header; the upstream learns of it by
// X-Forwarded-For and by the header that the gateway sends on.
func TestProxyProtocolByCurl(t *testing.T) {
	curl := need(t, "curl")
	settled(t)
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-For"))
	})
	p := spawn(t, strings.ReplaceAll(front(up), "protocol: http,", "protocol: http, proxy_protocol: {trusted: [127.0.0.1]},"))
	for _, way := range ways {
		out, err := exec.CommandContext(t.Context(), curl, "-sS", "--max-time", "60", "--haproxy-protocol",
			"--cacert", p.ca, way.scheme+"://"+p.address(t, way.listener)+"/").CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, "127.0.0.1", string(out), "curl announces itself")
	}
	p.terminate(t)
	assert.Equal(t, 0, p.ended(t))
}

// accepting has listeners of each kind that take PROXY headers.
func accepting(upstream, proxyProtocol string, more ...string) string {
	return strings.ReplaceAll(front(upstream, more...), `address: "127.0.0.1:0",`,
		`address: "127.0.0.1:0", proxy_protocol: {`+proxyProtocol+`},`)
}

// What a PROXY header announces is the client: in the log, for the upstream, and
// for the rules.
func TestProxyProtocol(t *testing.T) {
	settled(t)
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-For"))
	})
	g := start(t, accepting(up, "trusted: [127.0.0.1], untrusted: direct, allow: [192.0.2.0/24]"), nil)
	ask := func(source, header string) (string, error) {
		c, err := peer{source}.dial(g, "http")
		if err != nil {
			return "", err
		}
		defer c.Close()
		fmt.Fprint(c, header+"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return "", err
		}
		b, err := io.ReadAll(res.Body)
		return string(b), err
	}
	got, err := ask("127.0.0.1", "PROXY TCP4 192.0.2.9 192.0.2.1 1234 80\r\n")
	require.NoError(t, err)
	assert.Equal(t, "192.0.2.9", got)
	g.log.eventually(t, "client=192.0.2.9:1234")
	got, err = ask("127.0.0.2", "")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.2", got)
	_, err = ask("127.0.0.1", "PROXY TCP4 198.51.100.1 192.0.2.1 1234 80\r\n")
	require.Error(t, err)
	g.log.eventually(t, "refused as announced")
	_, err = ask("127.0.0.1", "no header at all ")
	require.Error(t, err)
	g.log.eventually(t, "header failed")
}

// A header that was taken is sent on, so that a chain of gateways keeps the
// client's address.
func TestProxyProtocolIsPassedOn(t *testing.T) {
	for _, name := range []string{"tcp", "tcp-tls", "http", "https"} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, accepting(l.Addr().String(), "trusted: [127.0.0.0/8]", "dial: {proxy_protocol: 1}"), nil)
			c := dialTCP(t, g.address(name))
			say(t, c, "PROXY TCP4 192.0.2.9 192.0.2.1 1234 80\r\n")
			conn := net.Conn(c)
			if name == "tcp-tls" || name == "https" {
				conn = secureClient(t, g, c)
			}
			say(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			assert.Equal(t, "192.0.2.9:1234 192.0.2.1:80", announced(t, bufio.NewReader(acceptTCP(t, l))))
		})
	}
}

// A built-in echo understands its gateway's header.
func TestEchoOfAnnouncedClient(t *testing.T) {
	settled(t)
	g := start(t, `
upstreams: [{name: up, echo: tcp, dial: {proxy_protocol: 2}}]
listeners: [{name: tcp, address: "127.0.0.1:0", routes: [{upstream: up}]}]
`, nil)
	assert.NoError(t, converseBytes(dialTCP(t, g.address("tcp")), "hello"))
}

// A client without its header is cut in time, and does not keep others out.
func TestProxyHeaderTimeout(t *testing.T) {
	settled(t)
	g := start(t, accepting(listenTCP(t).Addr().String(), "trusted: [127.0.0.0/8], header_timeout: 100ms"), nil)
	c := dialTCP(t, g.address("tcp"))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	g.log.eventually(t, "header failed")
}

// The bounds of conns hold for requests too, in the middle of one.
func TestConnBounds(t *testing.T) {
	for keys, want := range map[string]string{
		"conn_idle_timeout: 200ms": "cut as idle",
		"max_age: 200ms":           "cut as old",
	} {
		for _, name := range []string{"http", "https"} {
			t.Run(name+" "+want, func(t *testing.T) {
				settled(t)
				up := upstream(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				g := start(t, strings.ReplaceAll(front(up), "protocol: http,", "protocol: http, "+keys+","), nil)
				begin := time.Now()
				_, err := client(t, "HTTP/1.1", g.roots()).Get(g.url(name, name, "/"))
				require.Error(t, err)
				assert.GreaterOrEqual(t, time.Since(begin), 150*time.Millisecond)
				g.log.eventually(t, want)
			})
		}
	}
}

// A client that sends its request byte by byte is cut.
func TestMinReceiveRate(t *testing.T) {
	settled(t)
	g := start(t, strings.ReplaceAll(echoConfig, "protocol: http,",
		"protocol: http, min_receive_bytes_per_second: 1024, min_receive_grace: 200ms,"), nil)
	slow := dialTCP(t, g.address("http"))
	var err error
	for begin := time.Now(); err == nil && time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		_, err = io.WriteString(slow, "G")
	}
	require.True(t, cutOff(err), err)
	g.log.eventually(t, "cut as slow")
	require.Eventually(t, func() bool { // on a busy machine it may be slow itself
		return echoes(g.address("http"))
	}, patience, time.Millisecond)
}

// A unix socket gets the mode that the file asks for, a stale one is replaced,
// and the clients on it are served and announced as unknown.
func TestUnixFront(t *testing.T) {
	settled(t)
	path := filepath.Join(t.TempDir(), "sock")
	l := listenTCP(t)
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, address: "%s", dial: {proxy_protocol: 1}}]
listeners: [{name: unix, address: "unix://%s", unix_mode: "0600", routes: [{upstream: up}]}]
`, l.Addr(), path), nil)
	c, err := net.Dial("unix", g.address("unix"))
	require.NoError(t, err)
	defer c.Close()
	line, err := bufio.NewReader(acceptTCP(t, l)).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "PROXY UNKNOWN\r\n", line)
}

// Packets keep their bounds between unixpacket sockets, and one that is too long
// ends the session instead of being cut.
func TestUnixPackets(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	l, err := net.Listen("unixpacket", filepath.Join(dir, "up"))
	require.NoError(t, err)
	defer l.Close()
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, address: "unixpacket://%[1]s/up"}]
listeners: [{name: packets, address: "unixpacket://%[1]s/front", routes: [{upstream: up}]}]
`, dir), nil)
	c, err := net.Dial("unixpacket", filepath.Join(dir, "front"))
	require.NoError(t, err)
	defer c.Close()
	server, err := l.Accept()
	require.NoError(t, err)
	defer server.Close()
	buf := make([]byte, 2*maxPacket)
	for _, size := range []int{3, 1, maxPacket} {
		_, err = c.Write(make([]byte, size))
		require.NoError(t, err)
		n, err := server.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, size, n)
	}
	_, err = c.Write(make([]byte, maxPacket+1))
	require.NoError(t, err)
	_, err = server.Read(buf)
	require.Error(t, err)
	g.log.eventually(t, errPacketTooLong.Error())
}
