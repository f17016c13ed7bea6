package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failing is a listener whose Accept fails in turn.
type failing struct {
	net.Listener
	errs []error
}

func (l *failing) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func (l *failing) Shutdown(context.Context) error { return errBroken }

var errBroken = errors.New("broken")

// passing is an error that concerns one conn only.
type passing struct{ error }

func (passing) Temporary() bool { return true }

// What concerns one conn is logged, what concerns the listener ends it.
func TestAcceptorErrors(t *testing.T) {
	settled(t)
	var log logBuffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	l := &failing{errs: []error{passing{errors.New("one conn")}, net.ErrClosed}}
	a := newAcceptor(l, logger, nil)
	require.NoError(t, a.serve())
	assert.Contains(t, log.String(), "one conn")
	l.errs = []error{errBroken}
	require.ErrorIs(t, a.serve(), errBroken)
	assert.True(t, a.shutdown(t.Context()))
	assert.Contains(t, log.String(), "msg=shutdown error=broken")
}

// A gateway tells of a listener that broke.
func TestFailed(t *testing.T) {
	g := &Gateway{log: quiet(), failed: make(chan error, 1)}
	l := &failing{errs: []error{errBroken, errBroken}}
	for range 2 { // the second has nobody to tell
		g.serve(&door{name: "x", service: &tcpService{acceptor: newAcceptor(l, quiet(), nil)}})
	}
	_, err := (&flags{}).run(t.Context(), g, nil, nil, quiet())
	require.ErrorIs(t, err, errBroken)
	assert.Contains(t, err.Error(), "listener x: ")
}
