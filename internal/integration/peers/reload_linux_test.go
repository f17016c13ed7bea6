package peers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// TestReload replaces the gateway's certificate again and again while h2load
// opens new conns and sends requests over them. Not one may fail because of it.
// net/http ends an HTTP/2 conn whose SETTINGS it has not read 2 s after the
// preface, which nobody can set and a starved machine exceeds: the gateway says
// so, and just these conns may fail, with all of their requests.
func TestReload(t *testing.T) {
	ca, err := pki.New(nil)
	require.NoError(t, err)
	dir := t.TempDir()
	replace := func() {
		cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
		require.NoError(t, err)
		_, _, err = cert.Write(dir, "web")
		require.NoError(t, err)
	}
	replace()
	g := start(t, strings.Replace(front(origin(t)), "self_signed: [localhost, 127.0.0.1]",
		fmt.Sprintf("tls: {certificates: [{chain: {file: %[1]s/web.pem}, key: {file: %[1]s/web.key}}], reload: {}}", dir), 1))
	program(t, "h2load")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
				replace()
			}
		}
	}()
	const n, clients = 8000, 400
	done, succeeded, out := load(t, fmt.Sprintf("-n%d", n), fmt.Sprintf("-c%d", clients),
		"-r10", "--rate-period=100ms", "-m10", g.secure(t, "/bytes/100"))
	close(stop)
	<-stopped
	starved := 0
	assert.Eventually(t, func() bool { // the log comes through a pipe
		starved = strings.Count(g.log.String(), "timeout waiting for SETTINGS frames")
		return done >= n-starved*(n/clients)
	}, 10*time.Second, 100*time.Millisecond, "%s", out)
	t.Log(starved, "conns ended for want of time")
	assert.Less(t, starved, clients/4, "%s", out)
	assert.Equal(t, done, succeeded, "%s", out)
	if t.Failed() {
		t.Log(&g.log)
	}
	reloads := strings.Count(g.log.String(), "tls: reloaded")
	t.Log(reloads, "reloads")
	assert.Greater(t, reloads, 5)
}
