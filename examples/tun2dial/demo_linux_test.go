package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// root skips a test without root, or what the demo runs.
func root(t *testing.T) {
	t.Helper()
	if !isRoot() {
		lack(t, "this needs root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		lack(t, err.Error())
	}
	need(t, programs...)
}

// status returns the exit status of a command.
func status(t *testing.T, err error) int {
	t.Helper()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}

// -demo ends with 0 and has a line for each way and version of IP.
func TestDemo(t *testing.T) {
	root(t)
	var out, diag bytes.Buffer
	cmd := program(t, "-demo", "-size", "4")
	cmd.Stdout, cmd.Stderr = &out, &diag
	require.Equal(t, 0, status(t, cmd.Run()), "%s%s", &out, &diag)
	t.Logf("\n%s", &out)
	assert.Empty(t, diag.String())
	const (
		http    = `\s+200 in \S+\s+in \S+\s`
		speeds  = `\s+[\d.]+ Gbit/s\s+[\d.]+ Gbit/s\s`
		retried = `\s+UDP, TCP\s+TC, TCP\s`
		direct  = `\s+UDP\s+TC, TCP\s`
	)
	for way, rest := range map[string]string{
		"direct":          http + direct + `.*ms, pass` + speeds,
		"socks5":          http + retried + `.*ms, answer` + speeds,
		"https proxy":     http + direct + `.*ms, answer` + speeds,
		"tls":             http + retried + `.*ms, answer` + speeds,
		"rootless":        http + direct + `\s*-` + speeds,
		"rootless socks5": http + retried + `\s*-` + speeds,
	} {
		for _, version := range []string{"IPv4", "IPv6"} {
			assert.Regexp(t, `(?m)^`+way+`\s+`+version+rest+`.* refused, [1-9]`, out.String())
		}
	}
	assert.NotContains(t, out.String(), "FAILED")
}

// A trial in which nothing works says so of each check, and goes on.
func TestTrialFails(t *testing.T) {
	root(t)
	n, err := newNamespace() // from which nothing can be reached
	require.NoError(t, err)
	defer n.Close()
	a := attempt{name: "broken", servers: plainHosts}
	trials := a.trials(1 << 20)
	require.Len(t, trials, 2)
	for _, tr := range trials {
		tr.where, tr.refusal, tr.pings = n, "Connection refused", echoPass
		tr.run(t.Context())
		for _, c := range checks {
			assert.ErrorContains(t, tr.err(), "demo: broken, "+tr.version+": "+c.name+": ")
		}
	}
	var out bytes.Buffer
	require.NoError(t, writeTrials(&out, trials))
	assert.Regexp(t, `(?m)^broken\s+IPv4(\s+FAILED){7}\s*$`, out.String())
}

// What arrives changed, cut or from the wrong place is noticed.
func TestTrialCompares(t *testing.T) {
	root(t)
	w := newTestWorld(t)
	a := attempt{name: "here", servers: plainHosts, way: wayOptions{via: "direct"}}
	tr := a.trials(1 << 20)[0]
	tr.where, tr.refusal, tr.pings = w, "Connection refused", echoPass
	tr.run(t.Context())
	require.NoError(t, tr.err())
	_, err := tr.speed("1048575", "1")
	assert.ErrorContains(t, err, `"1048575" bytes, want 1048576`)
	tr.datagrams = udpTruncate
	_, err = tr.lookup(t.Context())
	assert.ErrorContains(t, err, "truncate")
	tr.nobody = tr.server
	_, err = tr.ping(t.Context())
	assert.ErrorContains(t, err, "is nobody's, and answers")
	tr.refusal = "502"
	_, err = tr.refused(t.Context())
	assert.ErrorContains(t, err, `does not say "502"`)
}

// newTestWorld returns the servers of the demo.
func newTestWorld(t *testing.T) *world {
	t.Helper()
	w, err := newWorld(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return w
}

// Without the programs that it runs the demo says which are missing.
func TestDemoPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := lookPrograms()
	for _, p := range programs {
		assert.ErrorContains(t, err, `"`+p+`"`)
	}
	assert.ErrorIs(t, err, exec.ErrNotFound)
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
