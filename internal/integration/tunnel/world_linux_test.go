package tunnel_test

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/internal/bench/lab/labtest"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// The servers' addresses, which the tests' own namespace has. The client gets there through its TUN only.
var servers = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}

// The addresses of the client's TUN.
var clients = []netip.Prefix{netip.MustParsePrefix("10.1.2.3/24"), netip.MustParsePrefix("fd00::3/64")}

// world is a client in a namespace of its own, whose TUN a forwarder of the tests' process has, which dials directly.
type world struct {
	t       *testing.T
	client  *lab.Namespace
	forward *forward.Forwarder
}

// newWorld lets wrap, if any, stand between the TUN and the forwarder.
func newWorld(t *testing.T, device tun.Config, cfg forward.Config, wrap func(tunx.IPDevice) tunx.IPDevice, programs ...string) *world {
	t.Helper()
	labtest.Need(t, append(programs, "root", "ip")...)
	noLeak(t)
	addServers(t)
	client, err := lab.NewNamespace()
	require.NoError(t, err)
	t.Cleanup(client.Close)
	device.Netns = client.Path()
	d, err := tun.Open(&device)
	require.NoError(t, err)
	l, err := link.Setup(&link.Config{
		Name: d.Name(), Netns: client.Path(), MTU: device.MTU, Addrs: clients,
		Routes: []link.Route{{To: netip.MustParsePrefix("0.0.0.0/0")}, {To: netip.MustParsePrefix("::/0")}},
	})
	require.NoError(t, err)
	if cfg.Streams == nil {
		cfg.Streams = tunx.StreamDialerFrom(&net.Dialer{})
	}
	if cfg.Packets == nil {
		cfg.Packets, err = tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ""))
		require.NoError(t, err)
	}
	dev := tunx.IPDevice(d)
	if wrap != nil {
		dev = wrap(dev)
	}
	f, err := forward.New(dev, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		assert.NoError(t, f.Close())
	})
	return &world{t, client, f}
}

// addServers gives the tests' namespace the servers' addresses.
func addServers(t *testing.T) {
	t.Helper()
	var here *lab.Namespace
	for _, a := range servers {
		require.NoError(t, here.Run("ip", "address", "replace", a.String(), "dev", "lo"))
	}
}

// run runs a program at the client to its end, and returns its exit status and what it has written.
func (w *world) run(name string, args ...string) (status int, out string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.WaitDelay = 10 * time.Second
	var text []byte
	err := w.client.Do(func() (err error) {
		text, err = c.CombinedOutput()
		return err
	})
	require.NoError(w.t, ctx.Err(), "%v: %s", c.Args, text)
	if c.ProcessState == nil {
		require.NoError(w.t, err)
	}
	return c.ProcessState.ExitCode(), string(text)
}

// must is run for programs that have to succeed.
func (w *world) must(name string, args ...string) string {
	w.t.Helper()
	status, out := w.run(name, args...)
	require.Zero(w.t, status, "%s %v: %s", name, args, out)
	return out
}
