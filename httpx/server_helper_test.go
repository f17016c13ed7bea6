package httpx_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// identity returns the two sides of TLS for 127.0.0.1.
func identity(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	return serverTLS(t, "127.0.0.1", "a.test", "b.test"), clientTLS(t)
}

// running is a Server under test.
type running struct {
	*httpx.Server
	addr   string
	errors *faults
	served chan error
}

// serveOn runs a server on a listener, and closes it with the test.
func serveOn(t *testing.T, l net.Listener, cfg *httpx.ServerConfig) *running {
	t.Helper()
	own := *cfg
	r := &running{addr: l.Addr().String(), errors: new(faults), served: make(chan error, 1)}
	own.OnError = r.errors.add
	var err error
	r.Server, err = httpx.NewServer(&own)
	require.NoError(t, err)
	go func() { r.served <- r.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, r.Close())
		assert.ErrorIs(t, <-r.served, http.ErrServerClosed)
	})
	return r
}

// faults collects what a server reports.
type faults struct {
	mu  sync.Mutex
	all []error
}

func (f *faults) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, err)
}

// text returns all as one.
func (f *faults) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(errors.Join(f.all...))
}

// versions returns the set of protocols.
func versions(h1, h2, h2c bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(h1)
	p.SetHTTP2(h2)
	p.SetUnencryptedHTTP2(h2c)
	return p
}

// client returns a transport of net/http for the protocols.
func client(t *testing.T, p *http.Protocols, c *tls.Config) *http.Transport {
	t.Helper()
	tr := &http.Transport{Protocols: p, TLSClientConfig: c.Clone()} // net/http changes its own
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// ask is get for goroutines: it returns status and body as text, or the error.
func ask(t *testing.T, rt http.RoundTripper, url string) string {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	return reply(rt, req)
}

// reply sends a request and returns status and body as text, or the error.
func reply(rt http.RoundTripper, req *http.Request) string {
	res, err := rt.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

// first waits for the first report.
func (f *faults) first(t *testing.T) (err error) {
	t.Helper()
	eventually(t, "a report", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.all) > 0 {
			err = f.all[0]
		}
		return err != nil
	})
	return err
}
