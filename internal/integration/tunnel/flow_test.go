package tunnel_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/netstack/forward"
)

// opened are the lines that open a flow.
var opened = []string{"< S", "dial begins", "dial ok", "> S.", "< .", "up accepts"}

var scripts = []struct {
	name  string
	cfg   forward.Config
	open  bool // begin with an open flow
	lines string
}{
	{name: "the SYN is answered after the dial", lines: "< S|silence|dial ok|> S.|< .|up accepts|< P. 5|up reads 5|up writes 7|> 7"},
	{name: "a refused dial is a reset", lines: "< S|silence|dial refused|> R."},
	{name: "a SYN that comes again is the same dial", lines: "< S|< S|silence|< S|silence|dial ok|> S.|< .|up accepts|< P. 3|up reads 3"},
	{name: "the client gives up, and comes back", lines: "< S|dial begins|< R|dial ends|silence|< S|dial begins|dial ok|> S.|< .|up accepts|up writes 1|> 1"},
	{name: "the client ends first", open: true, lines: "< P. 100|< F.|up reads 100|up sees the end|up writes 4000|> 4000|up ends|> F.|< ."},
	{name: "the server ends first", open: true, lines: "up writes 100|> 100|up ends|> F.|< .|< P. 1000|up reads 1000|< F.|up sees the end"},
	{name: "both end at once", open: true, lines: "up ends|< F.|> F.|< .|up sees the end"},
	{name: "data with the end", open: true, lines: "< FP. 10|up reads 10|up sees the end|up writes 1|> 1|up ends|> F.|< ."},
	{name: "the server resets", open: true, lines: "< P. 2|up reads 2|up resets|> R."},
	{name: "the server resets while half is closed", open: true, lines: "< F.|up sees the end|up resets|> R."},
	{name: "the client resets", open: true, lines: "< P. 2|up reads 2|< R.|up sees a reset"},
	{name: "the client resets after its end", open: true, lines: "< F.|up sees the end|< R.|up is cut"},
	{name: "a SYN into an open flow is challenged", open: true, lines: "< S|> .|silence"},
	{name: "a port that comes again", open: true, lines: "up ends|> F.|< F.|up sees the end|< S|dial begins|dial ok|> S.|< .|up accepts|< P. 9|up reads 9"},
	{name: "a client that vanishes", cfg: forward.Config{IdleTimeout: 300 * time.Millisecond}, open: true, lines: "> R.|up sees a reset"},
	{name: "a client that vanishes in the handshake", cfg: forward.Config{HandshakeTimeout: 300 * time.Millisecond},
		lines: "< S|dial ok|> S.|up accepts|up sees a reset"},
	{name: "half of a flow stays open for a while", cfg: forward.Config{HalfCloseTimeout: 300 * time.Millisecond}, open: true,
		lines: "< F.|up sees the end|> R.|up is cut"},
	{name: "a dial that is too late is not answered", lines: "< S|dial begins|dial late|dial begins|dial ok|> S.|< .|up accepts"},
	{name: "a dial that is too late is a reset", cfg: forward.Config{ResetOnTimeout: true}, lines: "< S|dial late|> R."},
}

func TestScripts(t *testing.T) {
	for _, c := range scripts {
		t.Run(c.name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, f family) {
				s := newScript(t, f, c.cfg)
				if c.open {
					s.run(opened...)
				}
				s.run(strings.Split(c.lines, "|")...)
				for range len(s.dials.begun) {
					assert.Equal(t, f.server.String(), <-s.dials.begun)
				}
			})
		})
	}
}
