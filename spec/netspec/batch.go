package netspec

import (
	"context"
	"errors"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errNoBatch = errors.New("there is no message: a conn that listens needs an address")

// UDPBatchConfig converts and checks the description of a UDP conn for many
// datagrams a call; nil is the zero config. It is for [udpbatch.Dial], and with an
// address for [udpbatch.Listen]. The message is neither changed nor kept. It does
// not use its context, which all mappers have.
func UDPBatchConfig(_ context.Context, m *specv1.UDPBatchConfig) (*udpbatch.Config, error) {
	if m == nil {
		return &udpbatch.Config{}, nil
	}
	var p build.Problems
	return finish(&p, batch(&p, m))
}

// NewUDPBatchFromSpec opens the conn that the message describes, as
// [udpbatch.Listen] does; nil is an error. Nothing is opened unless all of the
// message is valid.
func NewUDPBatchFromSpec(m *specv1.UDPBatchConfig) (*udpbatch.Conn, error) {
	if m == nil {
		return nil, &spec.Error{Err: errNoBatch}
	}
	var p build.Problems
	if m.GetAddress() == "" {
		p.Addf("address", nil, "must be set")
	}
	cfg, err := finish(&p, batch(&p, m))
	if err != nil {
		return nil, err
	}
	return udpbatch.Listen(context.Background(), cfg)
}

// batch notes all that is wrong but the lack of an address.
func batch(p *build.Problems, m *specv1.UDPBatchConfig) *udpbatch.Config {
	cfg := &udpbatch.Config{
		Address:     m.GetAddress(),
		Options:     options(p, m),
		Batch:       int(m.GetBatch()),
		MaxDatagram: build.Int[int](p, "max_datagram_bytes", m.MaxDatagramBytes),
		MaxMemory:   build.Int[int](p, "max_memory_bytes", m.MaxMemoryBytes),
		PacketInfo:  m.GetPacketInfo(),
		ECN:         m.GetEcn(),
		HopLimit:    m.GetHopLimit(),
		GSO:         small[udpbatch.Mode](p, "gso", m.Gso),
		GRO:         small[udpbatch.Mode](p, "gro", m.Gro),
	}
	some := *cfg
	if some.Address == "" {
		some.Address = ":0"
	}
	check(p, some.Check(), m)
	return cfg
}
