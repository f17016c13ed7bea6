package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// serve runs the echo of a document until the test, or stop, ends it.
func serve(t *testing.T, doc string) (address string, stop func() (out string, status int)) {
	t.Helper()
	path := write(t, doc)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	status := make(chan int, 1)
	var diag bytes.Buffer
	go func() {
		s := run(ctx, []string{path}, w, &diag)
		w.Close()
		status <- s
	}()
	lines := bufio.NewReader(r)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines)
		rest <- string(text)
	}()
	stop = func() (string, int) {
		cancel()
		text, s := <-rest, <-status
		assert.Empty(t, diag.String())
		return text, s
	}
	return strings.TrimSpace(strings.TrimPrefix(first, "listening on ")), stop
}

func TestEcho(t *testing.T) {
	address, stop := serve(t, "address: 127.0.0.1:0\noptions: {TCP_NODELAY: false, SO_REUSEADDR: true}\n")
	var out, diag bytes.Buffer
	t.Setenv("NODELAY", "false")
	path := write(t, "timeout: 10s\noptions: {TCP_NODELAY: '${NODELAY}', SO_KEEPALIVE: true}\n")
	status := run(t.Context(), []string{"-message", "DialConfig", path, address}, &out, &diag)
	require.Zero(t, status, diag.String())
	text := out.String()
	assert.True(t, strings.HasPrefix(text, "connected to "+address+"\nit says hello\n"), text)
	assert.Contains(t, text, "asked for TCP_NODELAY=false, the kernel says false\n")
	assert.Contains(t, text, "asked for SO_KEEPALIVE=true, the kernel says true\n")

	text, status = stop()
	assert.Zero(t, status)
	assert.Equal(t, "asked for SO_REUSEADDR=true, the kernel says true\nasked for TCP_NODELAY=false, the kernel says false\n", text)
}

// All that is wrong is told at once, and nothing is opened.
func TestBadDocument(t *testing.T) {
	path := write(t, "address: 127.0.0.1:0\nmax_cons: 1\nidle_timeout: 5\ntls: {min_version: '1.4', certificates: [{}]}\n")
	var out, diag bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{path}, &out, &diag))
	assert.Empty(t, out.String())
	assert.Contains(t, diag.String(), path+":2: max_cons: unknown field, did you mean max_conns?\n"+
		path+":3: idle_timeout: 5: a duration has a unit: 5s\n"+
		path+`:4: tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`+"\n")
}

func TestCommandLine(t *testing.T) {
	for _, args := range [][]string{{}, {"-x"}, {"a", "b"}, {"-message", "DialConfig", "a"}, {"-message", "X", "a"}} {
		var out, diag bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), args, &out, &diag), args)
		assert.Contains(t, diag.String(), usage, args)
	}
}

// A file that is not there is a mistake; what fails on the way is not.
func TestFailures(t *testing.T) {
	var out, diag bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{filepath.Join(t.TempDir(), "none.yaml")}, &out, &diag))
	address, stop := serve(t, "address: 127.0.0.1:0\n")
	assert.Equal(t, 1, run(t.Context(), []string{write(t, "address: "+address)}, &out, &diag), "the address is in use")
	_, status := stop()
	assert.Zero(t, status)
	assert.Equal(t, 1, run(t.Context(), []string{"-message", "DialConfig", write(t, "timeout: 5s"), address}, &out, &diag), "nobody listens")
	assert.Contains(t, diag.String(), "none.yaml")
}
