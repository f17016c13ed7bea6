package peers_test

import (
	"crypto/tls"
	"encoding/xml"
	"maps"
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

// TestH2Spec runs the conformance test of HTTP/2 against the gateway and, beside
// it, against a plain server of net/http with the same handler. The gateway may
// fail only where net/http does.
func TestH2Spec(t *testing.T) {
	h2spec := tool(t, "github.com/summerwind/h2spec/cmd/h2spec")
	o := origin(t)
	g := start(t, front(o))
	tests := map[string]func(t *testing.T){}
	for name, args := range map[string][]string{"tls": {"-t", "-k"}, "clear": nil} {
		tests[name] = func(t *testing.T) {
			var known, ours verdict
			// Some cases depend on who is faster: what fails must fail again.
			for range 3 {
				beside(t, map[string]func(t *testing.T){
					"net/http": func(t *testing.T) {
						known = conformance(t, h2spec, plain(t, o.Config.Handler, name == "tls"), args)
					},
					"gateway": func(t *testing.T) { ours = conformance(t, h2spec, g.address(t, name), args) },
				})
				t.Logf("%d cases; net/http fails %d, the gateway %d", ours.cases, len(known.failed), len(ours.failed))
				if len(ours.without(known)) == 0 {
					break
				}
			}
			assert.Greater(t, ours.cases, 140)
			assert.Equal(t, known.cases, ours.cases)
			assert.Empty(t, ours.without(known))
		}
	}
	beside(t, tests)
}

// plain starts a server of net/http without anything of ours.
func plain(t *testing.T, h http.Handler, secure bool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(s.Close)
	if !secure {
		s.Start()
		return s.Listener.Addr().String()
	}
	s.TLS = &tls.Config{NextProtos: []string{"h2"}}
	s.StartTLS()
	return s.Listener.Addr().String()
}

// verdict is what h2spec says of a server.
type verdict struct {
	cases  int
	failed map[string]string // why, by case
}

// without returns what failed here and not there.
func (v verdict) without(known verdict) map[string]string {
	more := maps.Clone(v.failed)
	maps.DeleteFunc(more, func(what, _ string) bool { return known.failed[what] != "" })
	return more
}

// conformance runs h2spec against a server.
func conformance(t *testing.T, h2spec, address string, args []string) verdict {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	report := filepath.Join(t.TempDir(), "report.xml")
	// It fails if a case does.
	out, _ := try(t, 3*time.Minute, h2spec, append(slices.Clone(args), "-h", host, "-p", port, "-j", report)...)
	text, err := os.ReadFile(report)
	require.NoError(t, err, "%s", out)
	var suites struct {
		Suites []struct {
			Cases []struct {
				Package string  `xml:"package,attr"`
				Name    string  `xml:"classname,attr"`
				Failure *string `xml:"failure"`
				Error   *string `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(text, &suites))
	v := verdict{failed: map[string]string{}}
	for _, suite := range suites.Suites {
		for _, c := range suite.Cases {
			v.cases++
			for _, why := range []*string{c.Failure, c.Error} {
				if why != nil {
					v.failed[c.Package+": "+c.Name] = strings.TrimSpace(*why)
				}
			}
		}
	}
	return v
}
