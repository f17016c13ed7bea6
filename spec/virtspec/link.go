package virtspec

import (
	"errors"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

func (b *builder) link(path string, m *specv1.Link) simnet.Connection {
	c := simnet.Connection{From: m.GetFrom(), To: m.GetTo(), Link: b.quality(path+"quality.", m.GetQuality())}
	if m.GetBack() != nil {
		c.Back = new(b.quality(path+"back.", m.GetBack()))
	}
	return c
}

// quality returns the link of the profile with the fields that are set in their
// place.
func (b *builder) quality(path string, m *specv1.LinkQuality) simnet.Link {
	if m == nil {
		return simnet.Link{}
	}
	l := b.profile(path+"profile", m.Profile)
	set(&l.Latency, m.Latency != nil, b.Duration(path+"latency", m.GetLatency()))
	set(&l.Jitter, m.Jitter != nil, b.Duration(path+"jitter", m.GetJitter()))
	set(&l.Loss, m.Loss != nil, m.GetLoss())
	set(&l.Reorder, m.Reorder != nil, m.GetReorder())
	set(&l.Duplicate, m.Duplicate != nil, m.GetDuplicate())
	set(&l.Corrupt, m.Corrupt != nil, m.GetCorrupt())
	set(&l.Bandwidth, m.BandwidthBitsPerSecond != nil, m.GetBandwidthBitsPerSecond())
	set(&l.QueueBytes, m.QueueBytes != nil, build.Int[int](&b.Problems, path+"queue_bytes", m.QueueBytes))
	set(&l.MTU, m.MtuBytes != nil, build.Int[int](&b.Problems, path+"mtu_bytes", m.MtuBytes))
	set(&l.Down, m.Down != nil, m.GetDown())
	return l
}

// set gives a field the value of the message, if that has one.
func set[T any](field *T, has bool, value T) {
	if has {
		*field = value
	}
}

func (b *builder) profile(path string, name *string) simnet.Link {
	if name == nil {
		return simnet.Link{}
	}
	l, err := simnet.Profile(*name)
	if err != nil {
		b.Because(path, *name, errors.Unwrap(err), err)
	}
	return l
}
