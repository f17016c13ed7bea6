package quicx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// qlogEvents parses a record, whose events must all be whole.
func qlogEvents(t *testing.T, b []byte) (list []map[string]any) {
	t.Helper()
	for _, line := range bytes.Split(b, []byte{qlogwriter.RecordSeparator})[1:] {
		var e map[string]any
		require.NoError(t, json.Unmarshal(line, &e), "%q", line)
		list = append(list, e)
	}
	return list
}

func TestQLogFolder(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	folder := filepath.Join(t.TempDir(), "new", "folder")
	c := dialer(t, &quicx.DialConfig{QLog: quicx.QLog{Folder: folder}})
	for range 2 {
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err)
		echo(t, conn, "hello")
		end(conn)
	}
	require.NoError(t, c.Close())
	files, err := filepath.Glob(filepath.Join(folder, "*_client.sqlog"))
	require.NoError(t, err)
	require.Len(t, files, 2, "one file a conn")
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	list := qlogEvents(t, b)
	assert.Greater(t, len(list), 10)
	assert.Contains(t, string(b), "connection_closed")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(files[0])
		require.NoError(t, err)
		assert.EqualValues(t, 0o600, info.Mode().Perm())
	}
}

// qlogMemory is where a conn is recorded to.
type qlogMemory struct {
	mu     sync.Mutex
	b      bytes.Buffer
	fail   error
	closed int
}

// Write gathers.
func (m *qlogMemory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, m.fail
	}
	return m.b.Write(b)
}

// Close counts.
func (m *qlogMemory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return m.fail
}

// recorded dials once with a QLog, and returns what it was told.
func recorded(t *testing.T, q quicx.QLog) (errs []error) {
	t.Helper()
	s := startServer(t, "127.0.0.1:0", nil)
	var mu sync.Mutex
	q.OnError = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	c := dialer(t, &quicx.DialConfig{QLog: q})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err, "the conn goes on whatever becomes of its record")
	echo(t, conn, strings.Repeat("x", 100_000))
	require.NoError(t, c.Close())
	mu.Lock()
	defer mu.Unlock()
	return errs
}

func TestQLogOpen(t *testing.T) {
	noLeak(t)
	var m qlogMemory
	var got quicx.QLogConn
	errs := recorded(t, quicx.QLog{Open: func(c quicx.QLogConn) (io.WriteCloser, error) {
		got = c
		return &m, nil
	}})
	assert.Empty(t, errs)
	assert.True(t, got.Client)
	assert.GreaterOrEqual(t, got.ID.Len(), 8)
	assert.Equal(t, 1, m.closed)
	assert.Greater(t, len(qlogEvents(t, m.b.Bytes())), 10)
}

func TestQLogIsBounded(t *testing.T) {
	noLeak(t)
	var m qlogMemory
	errs := recorded(t, quicx.QLog{MaxBytes: 5000, Open: func(quicx.QLogConn) (io.WriteCloser, error) { return &m, nil }})
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "stopped at MaxBytes=5000")
	assert.LessOrEqual(t, m.b.Len(), 5000)
	assert.NotEmpty(t, qlogEvents(t, m.b.Bytes()), "whole ones")
	assert.Equal(t, 1, m.closed)
}

func TestQLogThatFails(t *testing.T) {
	noLeak(t)
	full := errors.New("disk full")
	for name, q := range map[string]quicx.QLog{
		"write": {Open: func(quicx.QLogConn) (io.WriteCloser, error) { return &qlogMemory{fail: full}, nil }},
		"open":  {Open: func(quicx.QLogConn) (io.WriteCloser, error) { return nil, full }},
	} {
		errs := recorded(t, q)
		require.Len(t, errs, 1, name)
		require.ErrorIs(t, errs[0], full)
		var e *quicx.Error
		require.ErrorAs(t, errs[0], &e)
		assert.Equal(t, "qlog", e.Op)
	}
	errs := recorded(t, quicx.QLog{Open: func(quicx.QLogConn) (io.WriteCloser, error) { return nil, nil }})
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "returned nothing")
}

func TestQLogFields(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := func(quicx.QLogConn) (io.WriteCloser, error) { return nil, nil }
	traced := &quic.Config{Tracer: qlog.DefaultConnectionTracer}
	_, err := quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), QUIC: traced, QLog: quicx.QLog{Open: open}})
	require.ErrorContains(t, err, "QLog: not together with QUIC.Tracer")
	_, err = quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), QLog: quicx.QLog{Folder: file, Open: open, MaxBytes: -1}})
	require.ErrorContains(t, err, "QLog.MaxBytes=-1: must not be negative")
	require.ErrorContains(t, err, "QLog.Folder="+file+": not together with QLog.Open")
	_, err = quicx.NewDialer(&quicx.DialConfig{TLS: trusting(), QLog: quicx.QLog{Folder: file}})
	require.ErrorContains(t, err, "quicx: config: QLog.Folder="+file+": mkdir")
	var pathError *fs.PathError
	require.ErrorAs(t, err, &pathError)
	assert.Equal(t, "mkdir", pathError.Op)
}
