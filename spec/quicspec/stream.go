package quicspec

import (
	"context"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// StreamConfig returns the config of a message, for [quicx.NewStreamDialer] and
// [quicx.NewStreamListener] around what the other builders return. nil is the zero
// config. There is nothing that ctx would end.
func StreamConfig(_ context.Context, m *specv1.QUICStreamConfig) (*quicx.StreamConfig, error) {
	if m == nil {
		return &quicx.StreamConfig{}, nil
	}
	var p build.Problems
	c := &quicx.StreamConfig{
		Announce:           m.GetAnnounce(),
		CloseCode:          quic.StreamErrorCode(quicbuild.Unsigned(&p, "close_code", m.GetCloseCode())),
		Timeout:            p.Duration("timeout", m.GetTimeout()),
		IdleTimeout:        p.Duration("idle_timeout", m.GetIdleTimeout()),
		MaxConnsPerAddress: int(m.GetMaxConnsPerAddress()),
		MaxStreamsPerConn:  int(m.GetMaxStreamsPerConn()),
		Linger:             p.Duration("linger", m.GetLinger()),
	}
	rules("", (*specv1.QUICDialConfig)(nil)).Check(&p, c.Check())
	if err := p.Err(); err != nil {
		return nil, err
	}
	return c, nil
}
