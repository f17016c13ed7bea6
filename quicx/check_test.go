package quicx_test

import (
	"crypto/tls"
	"path/filepath"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// Check says the same as the constructor, and neither opens nor makes anything.
func TestDialConfigCheck(t *testing.T) {
	noLeak(t)
	var none *quicx.DialConfig
	require.ErrorContains(t, none.Check(), "TLS=nil: QUIC needs TLS")
	folder := filepath.Join(t.TempDir(), "qlog")
	cfg := &quicx.DialConfig{TLS: &tls.Config{}, Timeout: -1, QUIC: &quic.Config{KeepAlivePeriod: time.Hour}, QLog: quicx.QLog{Folder: folder}}
	_, err := quicx.NewDialer(cfg)
	require.Error(t, err)
	require.EqualError(t, cfg.Check(), err.Error())
	assert.NoDirExists(t, folder)

	cfg = &quicx.DialConfig{TLS: &tls.Config{NextProtos: []string{"test"}}, QLog: quicx.QLog{Folder: folder}}
	require.NoError(t, cfg.Check())
	assert.NoDirExists(t, folder)
	assert.Zero(t, cfg.FallbackDelay)
	assert.Nil(t, cfg.QUIC)
	c, err := quicx.NewDialer(cfg)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.DirExists(t, folder)
}

// The folder of the records is made when everything else is known to be right.
func TestListenConfigCheckMakesNoFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "qlog")
	cfg := &quicx.ListenConfig{TLS: serverTLS(t), QLog: quicx.QLog{Folder: folder}}
	require.NoError(t, cfg.Check())
	cfg.MaxConns = -1
	_, err := quicx.NewListener(t.Context(), cfg)
	require.EqualError(t, cfg.Check(), "quicx: config: MaxConns=-1: must not be negative")
	require.ErrorContains(t, err, "MaxConns=-1")
	assert.NoDirExists(t, folder)
}

func TestStreamConfigCheck(t *testing.T) {
	var none *quicx.StreamConfig
	require.NoError(t, none.Check())
	cfg := &quicx.StreamConfig{Timeout: -1, MaxStreamsPerConn: -1}
	_, err := quicx.NewStreamDialer(dialer(t, &quicx.DialConfig{}), cfg)
	require.Error(t, err)
	require.EqualError(t, cfg.Check(), err.Error())
}
