package http3x_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// Only https is sent, and conns that were closed leave nothing, also when the transport is not closed.
func TestTransport(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	rt, err := http3x.NewTransport(nil)
	require.NoError(t, err)
	assert.Contains(t, fetch(t, rt, http.MethodGet, "http://"+s.addr, ""), "unsupported protocol scheme: http")
	text := fetch(t, rt, http.MethodGet, s.url("/"), "")
	assert.Contains(t, text, "certificate signed by unknown authority", "the system's roots")

	cfg := &http3x.Config{DisableCompression: true}
	cfg.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	rt, err = http3x.NewTransport(cfg)
	require.NoError(t, err)
	assert.Equal(t, "200 GET "+s.addr+" ", fetch(t, rt, http.MethodGet, s.url("/"), ""))
	assert.Nil(t, cfg.Dial.TLS.NextProtos, "the caller's")
	rt.CloseIdleConnections()
}

// The name of the URL is sent and verified, whatever address is dialled.
func TestTransportAddress(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.TLS.ServerName)
	}, func(c *http3x.ServerConfig) { c.Listen.TLS = serverTLS(t, "a.test") })
	type key struct{}
	rt := transport(t, func(c *http3x.Config) {
		c.Address = func(ctx context.Context, authority string) string {
			assert.Equal(t, "value", ctx.Value(key{}))
			if strings.HasSuffix(authority, ".test:443") {
				return s.addr
			}
			return ""
		}
	})
	ask := func(url string) string {
		req := request(t, http.MethodGet, url, nil)
		return do(rt, req.WithContext(context.WithValue(t.Context(), key{}, "value")))
	}
	assert.Equal(t, "200 a.test", ask("https://a.test"))
	text := ask("https://b.test")
	assert.Contains(t, text, "certificate is valid for a.test, not b.test")
	text = ask(s.url("/"))
	assert.Contains(t, text, "cannot validate certificate for 127.0.0.1")
}

// A server that never answers is noticed by silence, sooner than by quic-go, but not before packets were repeated.
func TestTransportBlackHole(t *testing.T) {
	noLeak(t)
	hole := listenUDP(t, "127.0.0.1:0")
	var packets atomic.Int64
	go func() {
		for b := make([]byte, 2000); ; packets.Add(1) {
			if _, _, err := hole.ReadFrom(b); err != nil {
				return
			}
		}
	}()
	rt := transport(t, func(c *http3x.Config) { c.Dial.QUIC = nil })
	assert.Equal(t, http3x.DefaultHandshakeIdleTimeout, rt.QUICConfig.HandshakeIdleTimeout)
	begin := time.Now()
	_, err := rt.RoundTrip(request(t, http.MethodGet, "https://"+hole.LocalAddr().String(), nil))
	took := time.Since(begin)
	var idle *quic.IdleTimeoutError
	require.ErrorAs(t, err, &idle)
	assert.GreaterOrEqual(t, took, http3x.DefaultHandshakeIdleTimeout)
	eventually(t, "four packets", func() bool { return packets.Load() >= 4 })
	t.Logf("%d packets within %v", packets.Load(), took)
}

// A request whose context ends does not wait for the dial.
func TestTransportContext(t *testing.T) {
	noLeak(t)
	hole := listenUDP(t, "127.0.0.1:0")
	rt := transport(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	req := request(t, http.MethodGet, "https://"+hole.LocalAddr().String(), nil)
	_, err := rt.RoundTrip(req.WithContext(ctx))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	begin := time.Now()
	require.NoError(t, rt.Close())
	assert.Less(t, time.Since(begin), rt.QUICConfig.HandshakeIdleTimeout, "the dial is given up")
}

// A conn that has ended by itself is replaced unseen, for requests with a body too.
func TestTransportIdleConn(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	rt := transport(t, func(c *http3x.Config) {
		c.Dial.QUIC = &quic.Config{MaxIdleTimeout: 2 * time.Second, KeepAlivePeriod: -1}
	})
	dialled := make(chan *quic.Conn, 1)
	dial := rt.Dial
	rt.Dial = func(ctx context.Context, address string, tc *tls.Config, qc *quic.Config) (*quic.Conn, error) {
		q, err := dial(ctx, address, tc, qc)
		dialled <- q
		return q, err
	}
	for range 2 {
		assert.Equal(t, "200 POST "+s.addr+" body", fetch(t, rt, http.MethodPost, s.url("/"), "body"))
		q := within(t, "the dial", dialled)
		within(t, "the end", q.Context().Done())
	}
}

// A conn is kept while a response takes its time.
func TestTransportKeepsAlive(t *testing.T) {
	noLeak(t)
	const idle = 2 * time.Second // a busy machine has to send twice in it
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(3 * idle / 2)
		echo(w, r)
	}, nil)
	rt := transport(t, func(c *http3x.Config) { c.Dial.QUIC = &quic.Config{MaxIdleTimeout: idle} })
	assert.Equal(t, "200 GET "+s.addr+" ", fetch(t, rt, http.MethodGet, s.url("/"), ""))
}

// A server that dies without a word, and comes back with its key, resets conns that it does not know: what was sent then
// may have been processed by the first one and is not sent again, what comes next finds a new conn.
func TestTransportRestart(t *testing.T) {
	noLeak(t)
	key := make([]byte, 32)
	change := func(c *http3x.ServerConfig) { c.Listen.StatelessResetKey = key }
	s := serveOn(t, listenUDP(t, quietAddr(t)), echo, change)
	rt := transport(t, nil)
	assert.Contains(t, fetch(t, rt, http.MethodPost, s.url("/"), "body"), "200")
	require.NoError(t, s.udp.Close()) // the kernel does this for a process that was killed
	assert.ErrorContains(t, within(t, "Serve", s.served), "http3x: serve "+s.addr+": quicx: accept")
	s.served <- http.ErrServerClosed
	next := serveOn(t, listenUDP(t, s.addr), echo, change)
	_, err := rt.RoundTrip(request(t, http.MethodGet, next.url("/"), nil))
	var reset *quic.StatelessResetError
	require.ErrorAs(t, err, &reset)
	assert.Contains(t, fetch(t, rt, http.MethodPost, next.url("/"), "body"), "200")
}

// While a server that has sent GOAWAY answers what it has, other requests go to a new conn.
func TestTransportGoAway(t *testing.T) {
	noLeak(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	old := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			close(entered)
			<-leave
		}
		io.WriteString(w, "old")
	}, nil)
	young := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "young") }, nil)
	var addr atomic.Pointer[string]
	addr.Store(&old.addr)
	rt := transport(t, func(c *http3x.Config) {
		c.Address = func(context.Context, string) string { return *addr.Load() }
	})
	answer := make(chan string, 1)
	go func() { answer <- fetch(t, rt, http.MethodGet, "https://127.0.0.1/", "") }()
	within(t, "the handler", entered)
	addr.Store(&young.addr)
	ended := make(chan error, 1)
	go func() { ended <- old.Shutdown(t.Context()) }()
	within(t, "the drain", old.Draining())
	post := func() string { return fetch(t, rt, http.MethodPost, "https://127.0.0.1/", "body") }
	// What comes before the GOAWAY is sent is served. What is sent before it has arrived is refused and sent again.
	eventually(t, "the other server", func() bool {
		got := post()
		require.Contains(t, []string{"200 old", "200 young"}, got)
		return got == "200 young"
	})
	for range 20 {
		assert.Equal(t, "200 young", post())
	}
	close(leave)
	assert.Equal(t, "200 old", within(t, "the answer", answer))
	assert.NoError(t, within(t, "Shutdown", ended))
}

// Datagrams are on in both layers, on both sides.
func TestDatagrams(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		settings := w.(http3.Settingser)
		<-settings.ReceivedSettings()
		assert.True(t, settings.Settings().EnableDatagrams)
		w.WriteHeader(http.StatusOK)
		str, err := w.(http3.HTTPStreamer).HTTPStream()
		if !assert.NoError(t, err) {
			return
		}
		_, err = w.(http3.HTTPStreamer).HTTPStream()
		assert.NoError(t, err, "again")
		data, err := str.ReceiveDatagram(str.Context())
		assert.NoError(t, err)
		assert.NoError(t, str.SendDatagram(append(data, " back"...)))
		go func() {
			defer str.Close()
			_, err := io.Copy(str, str)
			assert.NoError(t, err)
		}()
	}, func(c *http3x.ServerConfig) { c.EnableDatagrams, c.IdleTimeout = true, 2*time.Second })
	cfg := &http3x.Config{EnableDatagrams: true, AdditionalSettings: map[uint64]uint64{0x1234: 5}}
	cfg.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	rt, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	tc := rt.TLSClientConfig.Clone()
	tc.ServerName = "127.0.0.1"
	q, err := rt.Dial(t.Context(), s.addr, tc, rt.QUICConfig)
	require.NoError(t, err)
	assert.True(t, q.ConnectionState().SupportsDatagrams.Local)
	assert.True(t, q.ConnectionState().SupportsDatagrams.Remote)
	conn := rt.NewClientConn(q)
	<-conn.ReceivedSettings()
	assert.True(t, conn.Settings().EnableDatagrams)
	assert.True(t, conn.Settings().EnableExtendedConnect)
	str, err := conn.OpenRequestStream(t.Context())
	require.NoError(t, err)
	require.NoError(t, str.SendRequestHeader(request(t, http.MethodGet, s.url("/"), nil)))
	_, err = str.ReadResponse()
	require.NoError(t, err)
	eventually(t, "a datagram", func() bool { // they may be lost
		require.NoError(t, str.SendDatagram([]byte("there and")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		data, err := str.ReceiveDatagram(ctx)
		return err == nil && assert.Equal(t, "there and back", string(data))
	})

	time.Sleep(2500 * time.Millisecond) // longer than IdleTimeout: a stream that was taken over keeps its conn
	assert.EqualValues(t, 1, s.Stats().InFlight)
	_, err = str.Write([]byte("body"))
	require.NoError(t, err)
	require.NoError(t, str.Close())
	body, err := io.ReadAll(str)
	require.NoError(t, err)
	assert.Equal(t, "body", string(body))
	eventually(t, "the stream has ended", func() bool { return s.Stats().InFlight == 0 })
	require.NoError(t, conn.CloseWithError(0, ""))
}

// The header of a response has its bound.
func TestTransportHeaderBound(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 3000)) }, nil)
	rt := transport(t, func(c *http3x.Config) { c.MaxResponseHeaderBytes = 2000 })
	assert.Contains(t, fetch(t, rt, http.MethodGet, s.url("/"), ""), "HEADERS frame too large")
	assert.Contains(t, fetch(t, transport(t, nil), http.MethodGet, s.url("/"), ""), "200")
}

// All that is wrong with a config is told at once, with the field.
func TestConfigErrors(t *testing.T) {
	cfg := &http3x.Config{
		Network: "tcp", MaxResponseHeaderBytes: -1,
		AdditionalSettings: map[uint64]uint64{0x01: 0, 0x04: 1, 0x06: 1, 0x08: 1, 0x33: 1, 1 << 62: 1, 0x100: 1 << 62},
	}
	cfg.Dial.QUIC = &quic.Config{EnableDatagrams: true, Versions: []quic.Version{quic.Version1, quic.Version2}}
	cfg.Dial.Timeout = -time.Second
	_, err := http3x.NewTransport(cfg)
	assertLines(t, err,
		`http3x: config: Network=tcp: must be "udp", "udp4" or "udp6"`,
		"http3x: config: MaxResponseHeaderBytes=-1: must not be negative",
		"http3x: config: AdditionalSettings[0x1]=0: is a setting of QPACK",
		"http3x: config: AdditionalSettings[0x4]=1: the identifier is reserved",
		"http3x: config: AdditionalSettings[0x6]=1: is sent by itself, from the bound",
		"http3x: config: AdditionalSettings[0x8]=1: is sent by itself, by servers",
		"http3x: config: AdditionalSettings[0x33]=1: is sent by itself: use EnableDatagrams",
		"http3x: config: AdditionalSettings[0x100]=4611686018427387904: the value must be at most",
		"http3x: config: AdditionalSettings[0x4000000000000000]=1: the identifier must be at most",
		"http3x: config: EnableDatagrams=false: Dial.QUIC.EnableDatagrams=true: ",
		"http3x: config: Dial.QUIC.Versions=[v1 v2]: HTTP/3 dials with one version",
		"quicx: config: Timeout=-1s: must not be negative",
	)
	require.EqualError(t, cfg.Check(), err.Error())
	_, err = http3x.NewTransport(nil)
	require.NoError(t, err)
	cfg = nil
	assert.NoError(t, cfg.Check())
}

// The same for servers.
func TestServerConfigErrors(t *testing.T) {
	cfg := &http3x.ServerConfig{MaxHeaderBytes: -1, IdleTimeout: -1, AdditionalSettings: map[uint64]uint64{0x33: 1}}
	cfg.Listen.TLS = serverTLS(t)
	cfg.Listen.Conn = listenUDP(t, "127.0.0.1:0")
	cfg.Listen.MaxConns = -1
	cfg.Listen.QUIC = &quic.Config{EnableDatagrams: true, MaxIncomingStreams: -1, MaxIncomingUniStreams: 2}
	_, err := http3x.NewServer(cfg)
	assertLines(t, err,
		"http3x: config: MaxHeaderBytes=-1: must not be negative",
		"http3x: config: IdleTimeout=-1ns: must not be negative",
		"http3x: config: AdditionalSettings[0x33]=1: is sent by itself",
		"http3x: config: EnableDatagrams=false: Listen.QUIC.EnableDatagrams=true: ",
		"http3x: config: Listen.Conn=127.0.0.1:",
		"http3x: config: Listen.QUIC.MaxIncomingStreams=-1: must be at least 1",
		"http3x: config: Listen.QUIC.MaxIncomingUniStreams=2: must be at least 3",
		"quicx: config: MaxConns=-1: must not be negative",
	)
	require.EqualError(t, cfg.Check(), err.Error())
	_, err = http3x.NewServer(nil)
	assert.ErrorContains(t, err, "quicx: config: TLS")
	var e *http3x.Error
	_, err = http3x.NewServer(cfg)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "config", e.Op)
	assert.Error(t, errors.Unwrap(e))
}

// assertLines compares the lines of an error with what they begin with.
func assertLines(t *testing.T, err error, want ...string) {
	t.Helper()
	require.Error(t, err)
	got := strings.Split(err.Error(), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			assert.Failf(t, "more", "%s", got[i])
		case i >= len(got):
			assert.Failf(t, "missing", "%s", want[i])
		default:
			assert.True(t, strings.HasPrefix(got[i], want[i]), "%q does not begin with %q", got[i], want[i])
		}
	}
}

// A zone is of this machine, and no certificate has one.
func TestTransportZone(t *testing.T) {
	noLeak(t)
	zone := loopbackZone(t)
	pc, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil && (os.Getenv("CI") != "true" || runtime.GOOS != "linux") {
		t.Skip("no IPv6:", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { pc.Close() })
	s := serveOn(t, pc.(*net.UDPConn), echo, func(c *http3x.ServerConfig) { c.Listen.TLS = serverTLS(t, "::1") })
	port := strconv.Itoa(s.udp.LocalAddr().(*net.UDPAddr).Port)
	url := "https://[::1%25" + zone + "]:" + port + "/"
	assert.Contains(t, fetch(t, transport(t, nil), http.MethodGet, url, ""), "200 GET ")
}

// loopbackZone is the name of the loopback interface.
func loopbackZone(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	require.Fail(t, "no loopback interface")
	return ""
}
