package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openTest opens the rootless form for a way.
func openTest(t *testing.T, o wayOptions) (*rootless, *record) {
	t.Helper()
	seen := &record{}
	r, err := openRootless(&o, "127.0.0.1:0", seen)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r, seen
}

// record is a watcher that keeps everything.
type record struct{ lines }

func (*record) attach(lister) {}

func (r *record) see(e event) { fmt.Fprintln(r, &e) }

// Whatever a client says crosses two stacks and comes back, by address and by name, and
// each direction ends by itself.
func TestRootless(t *testing.T) {
	noLeak(t)
	target := echoServer(t)
	_, portOf, err := net.SplitHostPort(target)
	require.NoError(t, err)
	r, seen := openTest(t, wayOptions{via: "direct"})
	for _, address := range []string{target, "localhost:" + portOf} {
		c, err := r.dial(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		const size = 1 << 20
		go func() {
			io.CopyN(c, zeros{}, size)
			c.(interface{ CloseWrite() error }).CloseWrite()
		}()
		n, err := io.Copy(io.Discard, c)
		require.NoError(t, err)
		assert.EqualValues(t, size, n)
		c.Close()
		line := fmt.Sprintf("-> %s sent %d, received %d bytes", address, size, size)
		require.Eventually(t, func() bool { return strings.Contains(seen.String(), line) }, patience, time.Millisecond, "%v", seen)
	}
}

// A port that nobody listens at is refused, also through the stacks and through a proxy
// behind them.
func TestRootlessRefused(t *testing.T) {
	noLeak(t)
	proxy := startFront(t, (&net.Dialer{}).DialContext)
	for _, via := range []string{"direct", "socks5://" + proxy, "http://" + proxy} {
		t.Run(via, func(t *testing.T) {
			r, seen := openTest(t, wayOptions{via: via})
			_, err := r.dial(t.Context(), "tcp", closedAddress)
			assert.ErrorIs(t, err, errRefused)
			require.Eventually(t, func() bool { return strings.Contains(seen.String(), " refuse ") }, patience, time.Millisecond)
		})
	}
}

// TLS is put on the conns: the client speaks plain text.
func TestRootlessTLS(t *testing.T) {
	noLeak(t)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.TLS.ServerName) }))
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	defer web.Close()
	ca := writeCA(t, web)
	address := web.Listener.Addr().String()
	get := func(o wayOptions) (string, error) {
		r, _ := openTest(t, o)
		tr := &http.Transport{DialContext: r.dial}
		defer tr.CloseIdleConnections()
		res, err := (&http.Client{Transport: tr, Timeout: patience}).Get("http://" + address)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return string(b), err
	}
	name, err := get(wayOptions{via: "direct", tls: true, roots: ca, serverName: "example.com"})
	require.NoError(t, err)
	assert.Equal(t, "example.com", name)
	_, err = get(wayOptions{via: "direct", tls: true})
	assert.ErrorIs(t, err, errRefused, "a certificate that is not trusted")
}

// Addresses that stand for others: a stream and datagrams.
func TestRootlessForward(t *testing.T) {
	noLeak(t)
	target := echoServer(t)
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer socket.Close()
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := socket.ReadFrom(buf)
			if err != nil {
				return
			}
			socket.WriteTo(buf[:n], from)
		}
	}()
	r, _ := openTest(t, wayOptions{via: "direct"})
	for network, to := range map[string]string{"tcp": target, "udp": socket.LocalAddr().String()} {
		at, err := r.forward(forwarded{network, "127.0.0.1:0", to})
		require.NoError(t, err)
		c, err := net.Dial(network, at.String())
		require.NoError(t, err)
		defer c.Close()
		for _, n := range []int{1, 1200, 8000} {
			sent := bytes.Repeat([]byte{byte(n)}, n)
			got := make([]byte, n)
			require.Eventually(t, func() bool { // datagrams may get lost
				c.SetDeadline(time.Now().Add(time.Second))
				c.Write(sent)
				_, err := io.ReadFull(c, got)
				return err == nil
			}, patience, time.Millisecond, "%s, %d bytes", network, n)
			assert.Equal(t, sent, got)
		}
		_, err = r.forward(forwarded{network, at.String(), to})
		assert.ErrorIs(t, err, errInUse)
		assert.ErrorContains(t, err, "-forward: ")
	}
	gone, err := r.forward(forwarded{"tcp", "127.0.0.1:0", closedAddress})
	require.NoError(t, err)
	c, err := net.Dial("tcp", gone.String())
	if err == nil { // else it was told already
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
	}
	assert.ErrorIs(t, err, errReset)
}

// The flows that there are can be listed, by what the client asked for.
func TestRootlessLists(t *testing.T) {
	noLeak(t)
	target := echoServer(t)
	r, _ := openTest(t, wayOptions{via: "direct"})
	c, err := r.dial(t.Context(), "tcp", target)
	require.NoError(t, err)
	defer c.Close()
	at, err := r.forward(forwarded{"udp", "127.0.0.1:0", target}) // nobody answers there
	require.NoError(t, err)
	d, err := net.Dial("udp", at.String())
	require.NoError(t, err)
	defer d.Close()
	seen := func(e event) bool {
		return slices.ContainsFunc(r.carrier.list(), func(x event) bool {
			return x.Event == "open" && x.Network == e.Network && x.Target == e.Target && x.Sent >= e.Sent
		})
	}
	for _, want := range []event{{Network: "tcp", Target: target, Sent: 2}, {Network: "udp", Target: "*", Sent: 2}} {
		require.Eventually(t, func() bool { // datagrams may get lost
			io.WriteString(c, "x")
			io.WriteString(d, "x")
			return seen(want)
		}, patience, time.Millisecond, "%v", want)
	}
}

// Where datagrams are refused they are seen as that.
func TestRootlessRefusesDatagrams(t *testing.T) {
	noLeak(t)
	r, seen := openTest(t, wayOptions{via: "direct", udp: udpRefuse})
	at, err := r.forward(forwarded{"udp", "127.0.0.1:0", "192.0.2.1:53"})
	require.NoError(t, err)
	c, err := net.Dial("udp", at.String())
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool {
		io.WriteString(c, "x")
		return strings.Contains(seen.String(), "refuse udp")
	}, patience, time.Millisecond)
}

// A program gets the proxy from its environment, and its flows are shown as JSON.
func TestRootlessProgram(t *testing.T) {
	need(t, "curl")
	noLeak(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "for ", r.Host)
	}))
	defer web.Close()
	address := web.Listener.Addr().String()
	var out, diag lines
	status := run(t.Context(), []string{"-rootless", "-json", "--", "curl", "-qsS", "--max-time", "60", web.URL}, &out, &diag)
	assert.Equal(t, 0, status, "%v", &diag)
	assert.Equal(t, "for "+address, out.String())
	var words []string
	for d := json.NewDecoder(strings.NewReader(diag.String())); d.More(); {
		var e event
		require.NoError(t, d.Decode(&e))
		assert.Equal(t, address, e.Target)
		assert.Equal(t, "tcp", e.Network)
		words = append(words, e.Event)
	}
	assert.Equal(t, []string{"open", "close"}, words)
}

// Without a program it says where the proxy is, and a context ends it.
func TestRootlessWaits(t *testing.T) {
	noLeak(t)
	target := echoServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, diag lines
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"-rootless", "-forward", "127.0.0.1:0=" + target}, &out, &diag)
	}()
	require.Eventually(t, func() bool { return strings.Contains(diag.String(), "proxy (SOCKS5 and HTTP) at 127.0.0.1:") }, patience, time.Millisecond)
	assert.Regexp(t, `tcp 127\.0\.0\.1:\d+ stands for `+target, diag.String())
	cancel()
	assert.Equal(t, 0, <-done)
}

// What cannot be opened is an error that names it.
func TestRootlessFails(t *testing.T) {
	noLeak(t)
	taken := echoServer(t)
	for name, args := range map[string][]string{
		"-proxy":   {"-proxy", taken},
		"-forward": {"-forward", taken + "=127.0.0.1:1"},
		"start":    {"--", "no-such-program"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, diag bytes.Buffer
			assert.Equal(t, 1, run(t.Context(), append([]string{"-rootless"}, args...), &out, &diag))
			assert.Contains(t, diag.String(), name)
		})
	}
}

// writeCA writes the certificate of a test server into a file.
func writeCA(t *testing.T, s *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}
