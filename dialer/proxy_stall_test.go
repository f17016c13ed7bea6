package dialer_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// TestStalledProxies lets a proxy fall silent at each step, and lets each kind of limit end the dial.
func TestStalledProxies(t *testing.T) {
	ca := newAuthority(t)
	silent := func(answers int) *proxyServer {
		s := newProxyServer()
		s.user, s.password, s.answers = "u", "p", answers
		return s
	}
	mute := serveConns(t, listen(t, "tcp", "127.0.0.1:0"), func(net.Conn) error { return errSilent })
	half := func(answers ...string) string {
		return serveConns(t, listen(t, "tcp", "127.0.0.1:0"), func(c net.Conn) error {
			buf := make([]byte, 4096)
			for _, answer := range answers {
				c.Read(buf)
				io.WriteString(c, answer)
			}
			return errSilent
		})
	}
	working := newProxyServer()
	first := working.http(t)
	stuck := func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, test := range []struct {
		step string
		urls []string
		want string
	}{
		{"resolver", []string{"socks5://u:p@" + mute}, "resolve the target"},
		{"SOCKS5 greeting", []string{"socks5h://u:p@" + silent(1).socks(t)}, "SOCKS5 greeting"},
		{"SOCKS5 authentication", []string{"socks5h://u:p@" + silent(2).socks(t)}, "SOCKS5 authentication"},
		{"SOCKS5 request", []string{"socks5h://u:p@" + half("\x05\x00")}, "SOCKS5 request"},
		{"SOCKS5 address", []string{"socks5h://u:p@" + half("\x05\x00", "\x05\x00\x00\x03\x05ab")}, "SOCKS5 request"},
		{"TLS handshake", []string{"https://" + mute}, "TLS handshake"},
		{"CONNECT over TLS", []string{"https://u:p@" + serveConns(t, tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), ca.server(t, "127.0.0.1")), func(c net.Conn) error {
			c.Read(make([]byte, 1))
			return errSilent
		})}, "CONNECT"},
		{"CONNECT", []string{"http://" + mute}, "CONNECT"},
		{"in the header", []string{"http://" + half("HTTP/1.1 200 OK\r\nA:")}, "CONNECT"},
		{"after an interim answer", []string{"http://" + half("HTTP/1.1 100 Continue\r\n\r\n")}, "CONNECT"},
		{"second proxy", []string{"http://" + first, "socks5h://" + mute}, "SOCKS5 greeting"},
	} {
		for _, limit := range []string{"Proxy.Timeout", "Config.Timeout", "cancelled context", "deadline of the context"} {
			t.Run(test.step+"/"+limit, func(t *testing.T) {
				noLeak(t)
				// On a machine that is busy the time may be over before the step is reached: then there is more of it.
				for wait := 50 * time.Millisecond; ; wait *= 10 {
					err := stalledDial(t, limit, wait, &dialer.Config{Proxies: parseProxies(t, test.urls...), Lookup: stuck}, ca.client())
					if strings.Contains(err.Error(), test.want+": ") {
						assert.Equal(t, fmt.Sprintf("Proxies[%d]", len(test.urls)-1), failure(t, err).Field)
						return
					}
					require.Less(t, wait, 5*time.Second, "the step was not reached: %v", err)
				}
			})
		}
	}
}

// stalledDial dials a target behind proxies that stall, and expects the limit to end it.
func stalledDial(t *testing.T, limit string, wait time.Duration, config *dialer.Config, client *tls.Config) error {
	t.Helper()
	for i := range config.Proxies {
		config.Proxies[i].Timeout = time.Hour
		if config.Proxies[i].URL.Scheme == "https" {
			config.Proxies[i].TLS = client
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	is, text := context.DeadlineExceeded, ""
	switch limit {
	case "Proxy.Timeout":
		config.Proxies[len(config.Proxies)-1].Timeout = wait
		text = fmt.Sprintf("(Timeout=%v)", wait)
	case "Config.Timeout":
		config.Timeout = wait
		text = fmt.Sprintf("(Config.Timeout=%v)", wait)
	case "cancelled context":
		timer := time.AfterFunc(wait, cancel)
		defer timer.Stop()
		is = context.Canceled
	default:
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	start := time.Now()
	c, err := newDialer(t, config).DialContext(ctx, "tcp", "service.test:80")
	require.Error(t, err)
	assert.Nil(t, c)
	assert.Less(t, time.Since(start), wait+eventually)
	e := failure(t, err)
	assert.Equal(t, is == context.DeadlineExceeded, e.Timeout())
	if e.Op == "proxy" { // else the conn to the first one took too long
		assert.ErrorIs(t, err, is)
		assert.ErrorContains(t, err, text)
	}
	return err
}

func TestContextCancelledAtAnyMomentOfAChain(t *testing.T) {
	port := echoPort(t)
	ca := newAuthority(t)
	server := newProxyServer()
	server.seen, server.requests = make(chan string, 1000), make(chan *http.Request, 1000)
	proxies := parseProxies(t, "socks5://"+server.socks(t), "https://"+server.https(t, ca.server(t, "127.0.0.1")), "http://"+server.http(t))
	proxies[1].TLS = ca.client()
	noLeak(t)
	d := newDialer(t, &dialer.Config{Proxies: proxies, ProxyProtocol: 2})
	for i := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*25*time.Microsecond, cancel)
		c, err := d.DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			cancel()
			header := make([]byte, 16)
			_, err := io.ReadFull(c, header) // echoed
			assert.NoError(t, err)
			roundTrip(t, c) // the context has no effect any more
			c.Close()
		} else {
			assert.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, c)
		}
		timer.Stop()
		cancel()
	}
}

func TestContextThatEndsAfterTheProxyYieldsNoConn(t *testing.T) {
	noLeak(t)
	port := echoPort(t)
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "http://"+newProxyServer().http(t))})
	c, err := d.DialContext(unwatched{t.Context()}, "tcp", "127.0.0.1:"+port)
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, c)
}
