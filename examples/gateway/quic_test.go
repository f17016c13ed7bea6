package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// quicFront is a quic listener with further keys in front of an upstream.
func quicFront(upstream, keys string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, %s}]
listeners:
  - {name: quic, address: "127.0.0.1:0", protocol: quic, self_signed: [localhost, 127.0.0.1], tls: {alpn: [bytes]}, routes: [{upstream: up}], %s}
`, upstream, keys)
}

// streamsTo returns a dialer of streams to the listener.
func streamsTo(t *testing.T, g *local, from string) *quicx.StreamDialer {
	t.Helper()
	client, err := quicx.NewDialer(&quicx.DialConfig{
		TLS: &tls.Config{RootCAs: g.roots(), NextProtos: []string{"bytes"}}, LocalAddr: from, Timeout: patience,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	d, err := quicx.NewStreamDialer(client, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

// dialStream opens a stream, which the gateway sees with its first bytes.
func dialStream(t *testing.T, g *local, d *quicx.StreamDialer) *quicx.StreamConn {
	t.Helper()
	c, err := d.DialContext(t.Context(), "udp", g.address("quic"))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c.(*quicx.StreamConn)
}

// Each stream is a conn to the upstream of its own; its end is passed on alone.
func TestQUICStreams(t *testing.T) {
	settled(t)
	g := start(t, quicFront("echo: tcp", ""), nil)
	d := streamsTo(t, g, "")
	const streams, size = 20, 1 << 18
	errs := make(chan error, streams)
	for i := range streams {
		c := dialStream(t, g, d)
		go func() {
			sent := make(chan error, 1)
			go func() {
				_, err := io.Copy(c, noise(size, byte(i)))
				if err == nil {
					err = c.CloseWrite()
				}
				sent <- err
			}()
			got, err := io.ReadAll(c)
			if want, _ := io.ReadAll(noise(size, byte(i))); err == nil && string(want) != string(got) {
				err = fmt.Errorf("stream %d: %d bytes came back, other ones", i, len(got))
			}
			if err == nil {
				err = <-sent
			}
			errs <- err
		}()
	}
	for range streams {
		assert.NoError(t, <-errs)
	}
	require.Eventually(t, func() bool {
		return strings.Count(g.log.String(), fmt.Sprintf("msg=session listener=quic client=%s", "127.0.0.1")) == streams
	}, patience, time.Millisecond)
}

// An upstream that breaks off resets the stream, and one that is down too.
func TestQUICUpstreamResets(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 1))
			c.SetLinger(0)
			c.Close()
		}
	}()
	for name, address := range map[string]string{"breaks off": l.Addr().String(), "is down": closedPort(t)} {
		t.Run(name, func(t *testing.T) {
			g := start(t, quicFront(fmt.Sprintf("address: %q", "tcp://"+address), ""), nil)
			c := dialStream(t, g, streamsTo(t, g, ""))
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			_, err = io.ReadAll(c)
			var reset *quic.StreamError
			require.ErrorAs(t, err, &reset)
			assert.True(t, reset.Remote)
			assert.EqualValues(t, cutCode, reset.ErrorCode)
		})
	}
}

// A stream on which nothing moves, and one that is too old, are cut.
func TestQUICBounds(t *testing.T) {
	for _, key := range []string{"idle_timeout", "max_session"} {
		t.Run(key, func(t *testing.T) {
			settled(t)
			g := start(t, quicFront("echo: tcp", key+": 2s"), nil)
			c := dialStream(t, g, streamsTo(t, g, ""))
			require.NoError(t, swap(c, "x", "x"))
			_, err := c.Read(make([]byte, 1))
			var reset *quic.StreamError
			require.ErrorAs(t, err, &reset)
			g.log.eventually(t, key+"=2s")
		})
	}
}

func TestQUICDenied(t *testing.T) {
	settled(t)
	g := start(t, quicFront("echo: tcp", "deny: [127.0.0.9]"), nil)
	_, err := streamsTo(t, g, "127.0.0.9:0").DialContext(t.Context(), "udp", g.address("quic"))
	var refusal *quic.TransportError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, quic.ConnectionRefused, refusal.ErrorCode)
	g.log.eventually(t, "refused by rule")
	require.NoError(t, swap(dialStream(t, g, streamsTo(t, g, "127.0.0.1:0")), "x", "x"))
}

// Streams have the drain time; then they are cut.
func TestQUICDrains(t *testing.T) {
	settled(t)
	g := start(t, quicFront("echo: tcp", ""), nil)
	d := streamsTo(t, g, "")
	ends, stays := dialStream(t, g, d), dialStream(t, g, d)
	for _, c := range []net.Conn{ends, stays} {
		require.NoError(t, swap(c, "x", "x"))
	}
	down := make(chan bool, 1)
	ctx, over := context.WithCancel(t.Context())
	defer over()
	go func() { down <- g.Shutdown(ctx) }()
	require.Eventually(t, func() bool {
		_, err := streamsTo(t, g, "").DialContext(t.Context(), "udp", g.address("quic"))
		return err != nil
	}, patience, time.Millisecond)
	require.NoError(t, swap(ends, "y", "y"))
	require.NoError(t, ends.Close())
	over()
	_, err := stays.Read(make([]byte, 1))
	require.Error(t, err)
	assert.False(t, <-down)
}

// Conns of QUIC linger after their streams were cut, so that clients see that; whoever succeeds their listener waits for
// them.
func TestReloadQUICLingers(t *testing.T) {
	settled(t)
	address := fmt.Sprintf("127.77.0.1:%d", freePorts(t, "127.77.0.1", 1))
	text := func(conns int) string {
		return "drain: 50ms" + strings.Replace(quicFront("echo: tcp", fmt.Sprintf("max_conns: %d", conns)), "127.0.0.1:0", address, 1)
	}
	g := start(t, strings.Replace(text(3), "[localhost,", "[127.77.0.1, localhost,", 1), nil)
	c := dialStream(t, g, streamsTo(t, g, ""))
	say(t, c, "hello")
	heard(t, c, "hello")
	cfg, err := Load("test.yaml", []byte(strings.Replace(text(4), "[localhost,", "[127.77.0.1, localhost,", 1)), nil)
	require.NoError(t, err)
	require.NoError(t, g.Reload(t.Context(), cfg))
	assert.Same(t, cfg.Listeners[0], g.door("quic").cfg)
}
