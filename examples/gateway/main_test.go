package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wrong command line says what is wrong with it and ends with 2.
func TestFlags(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		status int
		diag   string
	}{
		{"help", []string{"-h"}, 0, "-check file"},
		{"unknown", []string{"-nothing"}, 2, "-nothing"},
		{"argument", []string{"file"}, 2, `unexpected argument "file"`},
		{"check and demo", []string{"-check", "x", "-demo"}, 2, "-check excludes"},
		{"check and config", []string{"-check", "x", "-config", "y"}, 2, "-check excludes"},
		{"demo and config", []string{"-demo", "-config", "y"}, 2, "-demo excludes"},
		{"level", []string{"-log", "loud"}, 2, "loud"},
		{"no file", []string{"-config", "testdata/nowhere.yaml"}, 1, "testdata/nowhere.yaml: no such file"},
		{"bad file", []string{"-config", "testdata/bad.yaml"}, 1, "testdata/bad.yaml:3: drain: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, diag bytes.Buffer
			assert.Equal(t, test.status, run(t.Context(), test.args, &out, &diag))
			assert.Contains(t, diag.String(), test.diag)
			assert.Empty(t, out.String())
		})
	}
}

// -ca-out without a self-signed listener is an error, and the gateway stops.
func TestNoCAToWrite(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.yaml")
	require.NoError(t, os.WriteFile(file, []byte(limited(closedPort(t), "idle_timeout: 1s")), 0o600))
	var out, diag bytes.Buffer
	assert.Equal(t, 1, run(t.Context(), []string{"-config", file, "-ca-out", filepath.Join(dir, "ca")}, &out, &diag))
	assert.Contains(t, diag.String(), "no listener is self-signed")
}

// The built-in example runs on the ports that README.md names. Another copy of
// it on this machine may be in the way for a while.
func TestDefaultRuns(t *testing.T) {
	settled(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for end := time.Now().Add(3 * patience); !runDefault(t, ca); time.Sleep(time.Second) {
		require.True(t, time.Now().Before(end), "the ports are taken")
	}
}

// runDefault says false when a port is taken.
func runDefault(t *testing.T, ca string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	diag := &logBuffer{}
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"-ca-out", ca}, diag, diag) }()
	for !strings.Contains(diag.String(), "msg=ready") {
		select {
		case code := <-done:
			assert.Equal(t, 1, code)
			assert.Contains(t, diag.String(), "address already in use")
			return false
		case <-time.After(time.Millisecond):
		}
	}
	res, err := client(t, "HTTP/2.0", poolOf(t, ca)).Get("https://localhost:7443/hello")
	require.NoError(t, err)
	assert.Contains(t, readAll(t, res), "GET /hello ")
	cancel()
	assert.Equal(t, 0, <-done, "%v", diag)
	return true
}
