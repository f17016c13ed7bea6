package dtlsx_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

func TestListenConfigErrors(t *testing.T) {
	noLeak(t)
	_, err := dtlsx.NewListener(t.Context(), &dtlsx.ListenConfig{
		Address:       "tcp://127.0.0.1:1",
		Options:       sockopt.Options{sockopt.TCPNoDelay.Value(true)},
		MaxHandshakes: -1, MaxConns: -2, MaxConnsPerSource: -3, SourceBits4: 33, SourceBits6: -1,
		IdleTimeout: -time.Second,
		Allow:       []netip.Prefix{{}}, Deny: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::ffff:0:0/32")},
		Config: dtlsx.Config{HandshakeTimeout: -1},
	})
	require.Error(t, err)
	fields := map[string]string{}
	var walk func(error)
	walk = func(err error) {
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range all.Unwrap() {
				walk(err)
			}
			return
		}
		var e *dtlsx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "config", e.Op)
		fields[e.Field] = e.Value
	}
	walk(err)
	for field, value := range map[string]string{
		"Address": "tcp://127.0.0.1:1", "MaxHandshakes": "-1", "MaxConns": "-2", "MaxConnsPerSource": "-3",
		"SourceBits4": "33", "SourceBits6": "-1", "IdleTimeout": "-1s", "Deny[1]": "::ffff:0.0.0.0/32",
		"TLS": "nil", "HandshakeTimeout": "-1ns",
	} {
		assert.Equal(t, value, fields[field], field)
	}
	assert.Contains(t, fields, "Allow[0]")
	assert.Contains(t, fields, "Options")
	_, err = dtlsx.NewListener(t.Context(), nil)
	assert.ErrorContains(t, err, "Address")
}

// Check says the same as the constructor, changes nothing and opens nothing: the
// address may be in use.
func TestListenConfigCheck(t *testing.T) {
	noLeak(t)
	var none *dtlsx.ListenConfig
	require.ErrorContains(t, none.Check(), "Address: must be set")
	cfg := &dtlsx.ListenConfig{Address: "x", Config: dtlsx.Config{TLS: listenTLS(t)}}
	_, err := dtlsx.NewListener(t.Context(), cfg)
	require.Error(t, err)
	require.EqualError(t, cfg.Check(), err.Error())
	cfg.Address = listen(t, dtlsx.ListenConfig{}).Addr().String()
	require.NoError(t, cfg.Check())
	assert.Zero(t, cfg.MaxHandshakes)
}

func TestListenAddressErrors(t *testing.T) {
	for address, want := range map[string]string{
		"":                   "must be set",
		"udp5://127.0.0.1:1": "unknown network",
		"127.0.0.1":          "missing port",
		"127.0.0.1:http":     "not a number",
		"127.0.0.1:70000":    "not a number",
		"udp4://[::1]:1":     "not an address of network udp4",
		"udp6://127.0.0.1:1": "not an address of network udp6",
	} {
		_, err := dtlsx.NewListener(t.Context(), &dtlsx.ListenConfig{Address: address, Config: dtlsx.Config{TLS: listenTLS(t)}})
		assert.ErrorContains(t, err, want, address)
	}
}

func TestListenFails(t *testing.T) {
	noLeak(t)
	c := dtlsx.ListenConfig{Address: "127.0.0.1:0", Config: dtlsx.Config{TLS: listenTLS(t)}}
	l := listen(t, c)
	c.Address = l.Addr().String()
	_, err := dtlsx.NewListener(t.Context(), &c)
	var errno syscall.Errno
	require.ErrorAs(t, err, &errno)
	assert.ErrorContains(t, err, "dtlsx: listen udp "+c.Address)
	var none context.Context
	_, err = dtlsx.NewListener(none, &c)
	assert.ErrorContains(t, err, "context is nil")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	c.Address = "127.0.0.1:0"
	_, err = dtlsx.NewListener(done, &c)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestListenOptions(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Options: sockopt.Options{sockopt.RcvBuf.Value(1 << 16), sockopt.IPTTL.Value(33)}})
	ttl, err := sockopt.IPTTL.Get(l)
	require.NoError(t, err)
	assert.Equal(t, 33, ttl)
	c, s := connect(t, l)
	talk(t, c, s, "hello")
	if runtime.GOOS != "linux" {
		return
	}
	// The kernel gives less than that: what was not given is an error.
	_, err = dtlsx.NewListener(t.Context(), &dtlsx.ListenConfig{
		Address: "127.0.0.1:0", Config: dtlsx.Config{TLS: listenTLS(t)}, Options: sockopt.Options{sockopt.RcvBuf.Value(1 << 30)},
	})
	assert.ErrorContains(t, err, "SO_RCVBUF")
	_, err = dtlsx.NewListener(t.Context(), &dtlsx.ListenConfig{
		Address: "127.0.0.1:0", Config: dtlsx.Config{TLS: listenTLS(t)},
		Options: sockopt.Options{sockopt.BindToDevice.Value("no-such-device")},
	})
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	var errno syscall.Errno
	assert.ErrorAs(t, err, &errno)
}

func TestTheConfigIsNotChanged(t *testing.T) {
	noLeak(t)
	c := dtlsx.ListenConfig{
		Address: "127.0.0.1:0", Config: dtlsx.Config{TLS: listenTLS(t)},
		Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.1/104")},
	}
	l := listen(t, c)
	assert.Zero(t, c.MaxHandshakes)
	assert.Zero(t, c.HandshakeTimeout)
	assert.Equal(t, "::ffff:127.0.0.1/104", c.Allow[0].String())
	assert.IsType(t, &net.UDPAddr{}, l.Addr())
}

func TestEventKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := dtlsx.RefusedBySource; k <= dtlsx.Replaced; k++ {
		assert.NotEqual(t, "unknown", k.String())
		seen[k.String()] = true
	}
	assert.Len(t, seen, int(dtlsx.Replaced))
	assert.Equal(t, "unknown", dtlsx.EventKind(0).String())
	assert.Equal(t, "unknown", (dtlsx.Replaced + 1).String())
}
