package dtlsx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

type callerKey struct{}

// noContext is what a caller may give by mistake.
var noContext context.Context

// Each dial is told once, in the context of its caller, with what the caller gets.
func TestDialsAreTold(t *testing.T) {
	noLeak(t)
	good := listen(t, dtlsx.ListenConfig{})
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	for name, test := range map[string]struct {
		address string
		config  dtlsx.DialConfig
		check   func(t *testing.T, err error)
	}{
		"good": {good.Addr().String(), dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}, nil},
		"timeout": {silent.LocalAddr().String(), dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}, Timeout: 50 * time.Millisecond}, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}},
		"certificate": {good.Addr().String(), dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{}}}, func(t *testing.T, err error) {
			assert.True(t, is[x509.UnknownAuthorityError](err), "%v", err)
		}},
		"network": {"127.0.0.1:1", dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}, func(t *testing.T, err error) {
			assert.True(t, is[net.UnknownNetworkError](err), "%v", err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var told []dtlsx.DialEvent
			test.config.OnEvent = func(e dtlsx.DialEvent) { told = append(told, e) }
			network := "udp"
			if name == "network" {
				network = "tcp"
			}
			d, err := dtlsx.NewDialer(&test.config)
			require.NoError(t, err)
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
			require.NoError(t, c.Close())
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
