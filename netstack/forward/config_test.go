//go:build !plan9

package forward_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

func TestConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config *forward.Config
		errors []string
	}{
		"negative": {&forward.Config{MaxFlows: -1, MaxHalfOpen: -2, MaxPerSource: -3, DialTimeout: -4, HandshakeTimeout: -5}, []string{
			"forward: config: MaxFlows=-1: must not be negative", "forward: config: MaxHalfOpen=-2: must not be negative",
			"forward: config: MaxPerSource=-3: must not be negative", "forward: config: DialTimeout=-4ns: must not be negative",
			"forward: config: HandshakeTimeout=-5ns: must not be negative",
		}},
		"choices": {&forward.Config{Overflow: 9, Echo: 9}, []string{
			"forward: config: Overflow=9: none of the choices", "forward: config: Echo=9: none of the choices",
		}},
		"echo":     {&forward.Config{Echo: forward.EchoPass}, []string{"forward: config: OnEcho=nil: required by EchoPass"}},
		"sessions": {&forward.Config{Sessions: &tunx.SessionConfig{MaxSessions: -1}}, []string{"MaxSessions=-1"}},
		"stack":    {&forward.Config{Stack: &netstack.Config{Congestion: "best"}}, []string{"Congestion"}},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			_, err := forward.NewDevice(0, c.config)
			for _, text := range c.errors {
				assert.ErrorContains(t, err, text)
			}
			inside, outside := tunx.Pipe(1500)
			_, err = forward.New(outside, c.config)
			require.Error(t, err)
			_, err = inside.Write(make([]byte, 20))
			assert.NoError(t, err, "the device is its owner's")
		})
	}
	for _, mtu := range []int{-1, 1279, 65536} {
		_, err := forward.NewDevice(mtu, nil)
		var e *forward.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "mtu", e.Field)
		assert.False(t, e.Timeout())
	}
	cause := errors.New("why")
	assert.EqualError(t, &forward.Error{Op: "open", Err: cause}, "forward: open: why")
}

func TestDevice(t *testing.T) {
	noLeak(t)
	d, err := forward.NewDevice(0, &forward.Config{Echo: forward.EchoAnswer})
	require.NoError(t, err)
	assert.Equal(t, 1500, d.MTU())
	_, err = d.Write(make([]byte, 1501))
	require.ErrorIs(t, err, tunx.ErrMsgSize)

	// Nobody reads: Write does not wait, and what does not fit is dropped and counted.
	a := families["ipv4"]
	p, protocol := ping(a.client, 7, 9, payload(100))
	echo := ip(a.client, a.server, protocol, p, 2)
	await(t, "drops", func() bool { // of the answers, some may be dropped by the stack on their way
		for range 100 {
			_, err := d.Write(echo)
			require.NoError(t, err)
		}
		return d.Dropped() > 0
	})
	n, err := d.Read(make([]byte, 10)) // cut
	require.NoError(t, err)
	assert.Equal(t, 10, n)

	read := make(chan error, 1)
	go func() {
		for {
			if _, err := d.Read(make([]byte, 1500)); err != nil {
				read <- err
				return
			}
		}
	}()
	require.NoError(t, d.Close())
	assert.Equal(t, io.EOF, receive(t, read))
	_, err = d.Write(echo)
	require.ErrorIs(t, err, tunx.ErrClosed)
	_, err = d.Read(make([]byte, 1500))
	assert.Equal(t, io.EOF, err)
	require.NoError(t, d.Close())
}
