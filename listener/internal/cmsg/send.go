package cmsg

import (
	"fmt"
	"math"
	"net/netip"
)

// Route is what a datagram is sent with beside its destination. Zero values
// leave the choice to the system.
type Route struct {
	Local     netip.Addr
	Interface int
	ECN       byte
}

// AppendRoute appends the messages for a datagram to an address, which must not
// be an IPv4-mapped one, on a socket of IPv6 or IPv4. tos4 and tos6 have the
// upper bits of the types of service.
func AppendRoute(b []byte, v6 bool, to netip.Addr, r Route, tos4, tos6 int) ([]byte, error) {
	v6 = Level6(v6, to)
	if r.Interface < 0 || r.Interface > math.MaxInt32 {
		return b, fmt.Errorf("interface %d is not an index", r.Interface)
	}
	if r.Local.IsValid() || r.Interface != 0 {
		local := r.Local.Unmap()
		if local.IsValid() && local.Is4() != to.Is4() {
			return b, fmt.Errorf("source %s does not fit destination %s", r.Local, to)
		}
		b = AppendSource(b, v6, local, r.Interface)
	}
	if r.ECN > ecnBits {
		return b, fmt.Errorf("ECN %d is not from 0 to 3", r.ECN)
	}
	if r.ECN != 0 {
		tos := tos4
		if v6 {
			tos = tos6
		}
		b = AppendTOS(b, v6, tos&^ecnBits|int(r.ECN))
	}
	return b, nil
}
