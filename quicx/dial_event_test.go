package quicx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

type callerKey struct{}

// noContext is what a caller may give by mistake.
var noContext context.Context

// Each dial is told once, in the context of its caller, with what the caller gets.
func TestDialsAreTold(t *testing.T) {
	noLeak(t)
	good := listen(t, nil)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	for name, test := range map[string]struct {
		address string
		config  quicx.DialConfig
		check   func(t *testing.T, err error)
	}{
		"good": {good.Addr().String(), quicx.DialConfig{TLS: clientTLS()}, nil},
		"timeout": {silent.LocalAddr().String(), quicx.DialConfig{TLS: clientTLS(), Timeout: 50 * time.Millisecond}, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}},
		"certificate": {good.Addr().String(), quicx.DialConfig{TLS: &tls.Config{NextProtos: []string{echoALPN}}}, func(t *testing.T, err error) {
			assert.True(t, is[*tls.CertificateVerificationError](err), "%v", err)
		}},
		"network": {"127.0.0.1:1", quicx.DialConfig{TLS: clientTLS()}, func(t *testing.T, err error) {
			assert.True(t, is[net.UnknownNetworkError](err), "%v", err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var told []quicx.DialEvent
			test.config.OnEvent = func(e quicx.DialEvent) { told = append(told, e) }
			network := "udp"
			if name == "network" {
				network = "tcp"
			}
			d, err := quicx.NewDialer(&test.config)
			require.NoError(t, err)
			defer func() { require.NoError(t, d.Close()) }()
			ctx := context.WithValue(t.Context(), callerKey{}, name)
			c, err := d.DialContext(ctx, network, test.address)
			require.Len(t, told, 1)
			e := told[0]
			assert.Equal(t, name, e.Context.Value(callerKey{}))
			assert.Equal(t, network, e.Network)
			assert.Equal(t, test.address, e.Address)
			assert.False(t, e.Start.IsZero())
			assert.Equal(t, err, e.Err)
			if test.check != nil {
				require.Error(t, err)
				test.check(t, err)
				assert.Nil(t, e.Local)
				assert.Nil(t, e.Remote)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.LocalAddr(), e.Local)
			assert.Equal(t, test.address, e.Remote.String())
			require.NoError(t, c.CloseWithError(0, ""))
			_, err = d.DialContext(noContext, network, test.address)
			require.Error(t, err)
			assert.Len(t, told, 1, "a dial without a context is not told")
		})
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
