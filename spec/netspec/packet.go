package netspec

import (
	"context"
	"errors"
	"net"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errNoPacketConn = errors.New("there is no message: a packet conn needs an address")

// PacketConnConfig converts and checks the description of a packet conn; nil is an
// error. The message is neither changed nor kept. It does not use its context, which
// all mappers have.
func PacketConnConfig(_ context.Context, m *specv1.PacketConnConfig) (*listener.PacketConfig, error) {
	if m == nil {
		return nil, &spec.Error{Err: errNoPacketConn}
	}
	var p build.Problems
	cfg := &listener.PacketConfig{
		Address:     m.GetAddress(),
		Options:     options(&p, m),
		Destination: m.GetDestination(),
		ECN:         m.GetEcn(),
		HopLimit:    m.GetHopLimit(),
	}
	check(&p, cfg.Check(), m)
	return finish(&p, cfg)
}

// NewPacketConnFromSpec opens the packet conn that the message describes, as
// [listener.NewPacketConn] does; nil is an error. Nothing is opened unless all of
// the message is valid.
func NewPacketConnFromSpec(m *specv1.PacketConnConfig) (net.PacketConn, error) {
	ctx := context.Background()
	cfg, err := PacketConnConfig(ctx, m)
	if err != nil {
		return nil, err
	}
	return listener.NewPacketConn(ctx, cfg)
}
