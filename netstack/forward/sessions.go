package forward

import (
	"iter"

	"github.com/strata-net/strata/tunx"
)

// Sessions yields the UDP sessions of this moment, in no order.
func (f *Forwarder) Sessions() iter.Seq[tunx.SessionInfo] { return f.udp.All() }
