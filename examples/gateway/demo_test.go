package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx/pki"
)

// -demo ends with 0 and has a line for each protocol with what was negotiated,
// and a verdict for each option that the built-in example asks for.
func TestDemo(t *testing.T) {
	var out, diag bytes.Buffer
	cmd := program(t, "-demo")
	cmd.Stdout, cmd.Stderr = &out, &diag
	require.Equal(t, 0, status(t, cmd.Run()), "%s%s", &out, &diag)
	assert.Empty(t, diag.String())
	number := `\s+[1-9]\d*\s+[\d.]+.?s\s+[\d.]+.?s\s`
	for _, line := range []string{
		`(?m)^tcp\s+127\.0\.0\.1:\d+\s+-` + number,
		`(?m)^tcp\+tls\s+127\.0\.0\.1:\d+\s+TLS 1\.3` + number,
		`(?m)^http\s+127\.0\.0\.1:\d+\s+HTTP/1\.1` + number,
		`(?m)^https\s+127\.0\.0\.1:\d+\s+HTTP/1\.1, TLS 1\.3` + number,
		`(?m)^https\s+127\.0\.0\.1:\d+\s+HTTP/2\.0, TLS 1\.3` + number,
		`(?m)^tcp\s+\S+unix\.sock\s+-` + number,
		`(?m)^udp\s+127\.0\.0\.1:\d+\s+-` + number,
		`(?m)^http\s+127\.0\.0\.1:\d+\s+HTTP/2\.0` + number,
		`(?m)^tcp-tls\s+TLS 1\.3\s+TLS_\w+\s+X25519MLKEM768\s+-\s+resumed$`,
		`(?m)^https\s+TLS 1\.3\s+TLS_\w+\s+X25519MLKEM768\s+h2\s+resumed$`,
		`client\s+TCP_KEEPIDLE\s+25s\s+25s\n`,
		`upstream\s+SO_RCVBUF\s+163840\s+327680\n`,
		`(?m)^tcp\s+Sockets 1, Accepted [1-9].*, RefusedByRule 1$`,
		`(?m)^udp\s+Created [1-9].*, Refused.Denied 1, Received [1-9]\d+, Sent [1-9]\d+$`,
		`accepted\s+TCP_NODELAY\s+false\s+false\n`,
		`accepted\s+SO_KEEPALIVE\s+false\s+false\n`,
		`upstream\s+TCP_KEEPIDLE\s+20s\s+20s\n`,
	} {
		assert.Regexp(t, line, out.String())
	}
	for _, name := range optionNames(t) {
		assert.Regexp(t, `\s`+name+`\s`, out.String())
	}
}

// optionNames returns the options that the built-in example asks for.
func optionNames(t *testing.T) []string {
	t.Helper()
	cfg, err := Load("gateway.yaml", defaultConfig, nil)
	require.NoError(t, err)
	var names []string
	add := func(o sockopt.Options) {
		for _, option := range o {
			names = append(names, option.Name())
		}
	}
	for _, n := range cfg.Listeners {
		add(n.Options)
	}
	for _, u := range cfg.Upstreams {
		add(u.options())
	}
	require.NotEmpty(t, names)
	return names
}

// A demo in which something does not work says what, and still shows the rest.
func TestDemoFails(t *testing.T) {
	settled(t)
	cfg, err := Load("x.yaml", []byte(fmt.Sprintf(`
upstreams: [{name: down, address: "%s"}, {name: up, echo: http}]
listeners:
  - {name: bad, address: "127.0.0.1:0", protocol: tcp, routes: [{upstream: down}]}
  - {name: worse, address: "127.0.0.1:0", protocol: http, self_signed: [localhost, 127.0.0.1], routes: [{upstream: down}]}
  - {name: good, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}
`, closedPort(t))), nil)
	require.NoError(t, err)
	var out bytes.Buffer
	err = demoOf(t.Context(), cfg, &out, quiet())
	require.Error(t, err)
	assert.Contains(t, err.Error(), "demo: tcp on 127.0.0.1:")
	assert.Contains(t, err.Error(), "demo: https HTTP/1.1 on 127.0.0.1:")
	assert.Contains(t, err.Error(), "demo: https HTTP/2.0 on 127.0.0.1:")
	assert.Contains(t, err.Error(), "502 Bad Gateway")
	assert.NotContains(t, err.Error(), "demo: http on")
	assert.Equal(t, 3, strings.Count(out.String(), "FAILED"))
	assert.Regexp(t, `(?m)^http .*HTTP/1\.1`, out.String())
}

// A gateway that changes bytes is noticed, whatever the protocol.
func TestDemoComparesBytes(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					n, err := c.Read(buf)
					if n > 0 {
						buf[n-1]++
					}
					if _, werr := c.Write(buf[:n]); werr != nil || err != nil {
						return
					}
				}
			}()
		}
	}()
	cfg, err := Load("x.yaml", []byte(limited(l.Addr().String(), "idle_timeout: 5s")), nil)
	require.NoError(t, err)
	var out bytes.Buffer
	require.ErrorIs(t, demoOf(t.Context(), cfg, &out, quiet()), errEcho)
}

// An option that did not take effect is a failure, unless it is preferred and
// the platform lacks it.
func TestGallery(t *testing.T) {
	refused := &sockopt.Error{Op: "verify", Option: "TCP_NODELAY", Err: syscall.EINVAL}
	lacking := &sockopt.Error{Op: "verify", Option: "TCP_NODELAY", Err: errors.ErrUnsupported}
	option := sockopt.TCPNoDelay.Value(true)
	for _, test := range []struct {
		name   string
		result sockopt.Result
		want   error
		cell   string
	}{
		{"took effect", sockopt.Result{Option: option, Got: "true"}, nil, "true"},
		{"differs", sockopt.Result{Option: option, Got: "false", Err: refused}, syscall.EINVAL, "FAILED"},
		{"required", sockopt.Result{Option: option, Err: lacking}, errors.ErrUnsupported, "FAILED"},
		{"preferred", sockopt.Result{Option: sockopt.Prefer(option), Err: lacking}, nil, "not supported here"},
		{"unreadable", sockopt.Result{Option: option, Note: "cannot be read"}, nil, "(cannot be read)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &gallery{shown: map[exhibit][]sockopt.Result{{RoleClient, "x"}: {test.result}}}
			if test.want == nil {
				require.NoError(t, g.failures())
			} else {
				require.ErrorIs(t, g.failures(), test.want)
			}
			assert.Contains(t, verdict(test.result), test.cell)
		})
	}
}

// A listener that serves whom it denies is noticed, and so is an echo of
// datagrams that changes them.
func TestDemoProbes(t *testing.T) {
	settled(t)
	up := listenUDP(t, "127.0.0.1:0")
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := up.ReadFrom(buf)
			if err != nil {
				return
			}
			buf[n-1]++
			up.WriteTo(buf[:n], from)
		}
	}()
	cfg, err := Load("x.yaml", []byte(udpFront("address: \"udp://"+up.LocalAddr().String()+"\"", "queue: 4")), nil)
	require.NoError(t, err)
	require.ErrorIs(t, demoOf(t.Context(), cfg, &bytes.Buffer{}, quiet()), errEcho)

	g := start(t, udpFront("echo: udp", "queue: 4"), nil)
	tr := &trial{listener: &Listener{}, protocol: "udp", address: g.Addr("udp")}
	require.NoError(t, tr.probe(t.Context(), nil), "nobody is denied")
	tr.listener.Net.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	answered(t, tr, nil)
	tcp := start(t, echoConfig, nil)
	tr.protocol, tr.address = "tcp", tcp.Addr("tcp")
	require.ErrorIs(t, tr.probe(t.Context(), nil), errAnswered)
	// Handshakes that should be refused, and are not.
	quic := start(t, quicFront("echo: tcp", ""), nil)
	tr.listener = quic.listeners()[0].cfg
	tr.protocol, tr.address = "quic", quic.Addr("quic")
	tr.listener.Net.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	answered(t, tr, quic.CA())
}

// answered wants a probe to be answered. On a busy machine that may be too late at first, which looks like a refusal.
func answered(t *testing.T, tr *trial, ca *pki.CA) {
	t.Helper()
	require.Eventually(t, func() bool { return errors.Is(tr.probe(t.Context(), ca), errAnswered) }, patience, time.Millisecond)
}

func TestQuantile(t *testing.T) {
	var m measurement
	assert.Zero(t, m.quantile(0.5))
	assert.Zero(t, m.rate())
	for i := range 100 {
		m.took = append(m.took, time.Duration(i+1))
	}
	m.total = 2 * time.Second
	assert.Equal(t, time.Duration(51), m.quantile(0.50))
	assert.Equal(t, time.Duration(100), m.quantile(0.99))
	assert.Equal(t, time.Duration(100), m.quantile(1))
	assert.InDelta(t, 50, m.rate(), 0.001)
}
