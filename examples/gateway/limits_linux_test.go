package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A peer is a client at an address of its own; all of 127.0.0.0/8 is there.
type peer struct{ source string }

// dial connects to a listener of guarded, with TLS where it has that.
func (p peer) dial(g *local, name string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.source)}, Timeout: patience}
	c, err := d.Dial("tcp", g.address(name))
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	if name == "https" || name == "tcp-tls" {
		c = tls.Client(c, &tls.Config{RootCAs: g.roots(), ServerName: "localhost"})
	}
	return c, nil
}

// served says whether a peer gets its bytes back, as bytes or in a response.
func (p peer) served(g *local, name string) error {
	c, err := p.dial(g, name)
	if err != nil {
		return err
	}
	defer c.Close()
	if strings.HasPrefix(name, "http") {
		return converse(c, 1, 1)
	}
	return converseBytes(c, "hello")
}

// cutOff says whether an error is a reset, whenever it came.
func cutOff(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

var kinds = []string{"tcp", "tcp-tls", "http", "https"}

// Rules from the file and from another file decide who is served.
func TestRules(t *testing.T) {
	settled(t)
	deny := filepath.Join(t.TempDir(), "deny")
	require.NoError(t, os.WriteFile(deny, []byte("# not these\n127.0.0.3\n\n127.0.1.0/24 # nor those\n"), 0o600))
	g := start(t, guarded(`allow: [127.0.0.0/24, "::1"], deny_file: `+deny+`, deny: [127.0.0.4/31]`), nil)
	for _, name := range kinds {
		for source, good := range map[string]bool{
			"127.0.0.1": true, "127.0.0.2": true, "127.0.0.6": true,
			"127.0.0.3": false, "127.0.0.5": false, "127.0.1.1": false, "127.1.0.1": false,
		} {
			err := peer{source}.served(g, name)
			if good {
				assert.NoError(t, err, "%s of %s", name, source)
			} else {
				assert.True(t, cutOff(err), "%s of %s: %v", name, source, err)
			}
		}
		g.log.eventually(t, fmt.Sprintf(`msg="refused by rule" listener=%s client=127.0.1.1:`, name))
	}
}

// Above max_conns a client waits until there is room, or is reset.
func TestMaxConns(t *testing.T) {
	for _, name := range kinds {
		for _, over := range []string{"wait", "refuse"} {
			t.Run(name+" "+over, func(t *testing.T) {
				settled(t)
				g := start(t, guarded("max_conns: 1, over_limit: "+over), nil)
				first, err := peer{"127.0.0.1"}.dial(g, name)
				require.NoError(t, err)
				defer first.Close()
				require.NoError(t, oneRoundTrip(first, name))
				second := make(chan error, 1)
				go func() { second <- peer{"127.0.0.2"}.served(g, name) }()
				if over == "refuse" {
					assert.True(t, cutOff(<-second))
					g.log.eventually(t, "refused by limit")
					return
				}
				select {
				case err := <-second:
					t.Fatalf("served above the limit: %v", err)
				case <-time.After(50 * time.Millisecond):
				}
				require.NoError(t, first.Close())
				assert.NoError(t, <-second)
			})
		}
	}
}

func oneRoundTrip(c net.Conn, name string) error {
	if strings.HasPrefix(name, "http") {
		return converse(c, 0, 1)
	}
	return converseBytes(c, "first")
}

// One source cannot take all, however wide it is.
func TestMaxConnsPerSource(t *testing.T) {
	for _, name := range kinds {
		t.Run(name, func(t *testing.T) {
			settled(t)
			g := start(t, guarded("max_conns_per_source: 1, source_bits4: 24"), nil)
			first, err := peer{"127.0.0.1"}.dial(g, name)
			require.NoError(t, err)
			defer first.Close()
			require.NoError(t, oneRoundTrip(first, name))
			assert.True(t, cutOff(peer{"127.0.0.2"}.served(g, name)))
			assert.NoError(t, peer{"127.0.1.1"}.served(g, name))
			require.NoError(t, first.Close())
			require.Eventually(t, func() bool { return peer{"127.0.0.2"}.served(g, name) == nil },
				patience, time.Millisecond)
			g.log.eventually(t, "refused by source")
		})
	}
}

func TestAcceptRate(t *testing.T) {
	settled(t)
	g := start(t, guarded("accept_rate: 0.001, accept_burst: 2, over_limit: refuse"), nil)
	for _, name := range kinds {
		assert.NoError(t, peer{"127.0.0.1"}.served(g, name))
		assert.NoError(t, peer{"127.0.0.1"}.served(g, name))
		assert.True(t, cutOff(peer{"127.0.0.1"}.served(g, name)))
	}
	g.log.eventually(t, "refused by rate")
}

// Clients that never speak do not keep others from their handshake.
func TestMaxHandshakes(t *testing.T) {
	settled(t)
	g := start(t, strings.ReplaceAll(echoConfig, "self_signed: [localhost, 127.0.0.1]",
		"self_signed: [localhost, 127.0.0.1], max_handshakes: 2, handshake_timeout: 400ms"), nil)
	for _, name := range []string{"tcp-tls", "https"} {
		for range 10 {
			dialTCP(t, g.address(name)) // silent
		}
		require.Eventually(t, func() bool { // on a busy machine its own handshake may be too slow
			return peer{"127.0.0.2"}.served(g, name) == nil
		}, patience, time.Millisecond)
	}
	g.log.eventually(t, "handshake dropped")
}

// What a listener counted is logged when it drains, and not before.
func TestStatsAreLogged(t *testing.T) {
	settled(t)
	g := start(t, guarded("deny: [127.0.0.2]"), nil)
	assert.NoError(t, peer{"127.0.0.1"}.served(g, "tcp"))
	assert.True(t, cutOff(peer{"127.0.0.2"}.served(g, "tcp")))
	assert.NotContains(t, g.log.String(), "msg=stats")
	ctx, cancel := contextFor(patience)
	defer cancel()
	require.True(t, g.Shutdown(ctx))
	assert.Regexp(t, `msg=stats listener=tcp counters="{.*Accepted:1 Active:0 .*RefusedByRule:1 `, g.log.String())
}
