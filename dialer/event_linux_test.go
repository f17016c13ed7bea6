package dialer_test

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
)

// The steps of a race say who won, who was refused, and who was given up.
func TestEventsOfARace(t *testing.T) {
	noLeak(t)
	port := silent(t, "::1", 0)
	echo(t, listen(t, "tcp", net.JoinHostPort(busy, strconv.Itoa(port))))
	var heard told
	d := newDialer(t, &dialer.Config{
		Lookup: names("::1", quiet, busy), FallbackDelay: 10 * time.Millisecond, OnEvent: heard.hear,
	})
	c, err := d.DialContext(t.Context(), "tcp", service(port))
	require.NoError(t, err)
	defer c.Close()
	e := heard.one(t)
	require.Equal(t, []dialer.StepKind{
		dialer.StepResolve, dialer.StepConnect, dialer.StepConnect, dialer.StepConnect,
	}, kinds(e.Steps))
	at := func(ip string) string {
		return netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(port)).String()
	}
	lost, refused, won := e.Steps[1], e.Steps[2], e.Steps[3]
	assert.Equal(t, at("::1"), lost.Address)
	require.ErrorIs(t, lost.Err, context.Canceled)
	assert.False(t, lost.Won)
	assert.Positive(t, lost.Duration)
	assert.Equal(t, at(quiet), refused.Address)
	require.ErrorIs(t, refused.Err, unix.ECONNREFUSED)
	assert.False(t, refused.Won)
	assert.Equal(t, at(busy), won.Address)
	require.NoError(t, won.Err)
	assert.True(t, won.Won)
	assert.Equal(t, e.Remote.String(), won.Address)
}

// A connect that takes too long, and one that fails: the caller's error and the
// step's are about the same.
func TestEventOfAConnectThatTakesTooLong(t *testing.T) {
	noLeak(t)
	port := silent(t, third, 0)
	var heard told
	d := newDialer(t, &dialer.Config{Timeout: 50 * time.Millisecond, OnEvent: heard.hear})
	_, err := d.DialContext(t.Context(), "tcp", third+":"+strconv.Itoa(port))
	require.Error(t, err)
	e := heard.one(t)
	require.Len(t, e.Steps, 1)
	assert.True(t, failure(t, e.Steps[0].Err).Timeout())
	assert.Equal(t, err, e.Err)
}
