package sockopt

import (
	"slices"
	"time"
)

// ReadBack is the rule by which a value that was read is compared with the one that was set.
type ReadBack uint8

const (
	// Exact is for options that read as they were set.
	Exact ReadBack = iota
	// Doubled is for buffers: the kernel doubles the value and raises it to a minimum.
	// One cut to the system's maximum is a difference.
	Doubled
	// Raised is for values that the kernel raises to a small minimum.
	Raised
	// Jiffy is for durations that the kernel rounds up to its clock tick, at most 10 ms.
	Jiffy
	// Retransmits is for TCP_DEFER_ACCEPT: rounded up to the time of a whole number of retransmissions.
	Retransmits
	// Segment is for TCP_MAXSEG: once connected it reads lower, by the options of each segment and the path.
	Segment
	// DropsECN is for the traffic class: TCP keeps the two ECN bits for itself.
	DropsECN
	// AddsBits is for flags to which the kernel adds its defaults.
	AddsBits
	// Live is for values that the kernel changes by itself: they are read and not compared.
	Live
)

// String returns the rule in words.
func (r ReadBack) String() string {
	return [...]string{
		"exact", "doubled", "raised to a minimum", "rounded up to a clock tick", "rounded up to retransmissions",
		"lower once connected", "without the ECN bits on TCP", "with default bits added", "live, not compared",
	}[r]
}

const (
	maxTick     = 10 * time.Millisecond // CONFIG_HZ is 100 or more
	bufferFloor = 8192                  // above any SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF
)

// took reports whether a value that was read shows that the one set took effect on the socket.
func (r *row) took(want, got value, s *socket) bool {
	if n, _ := r.units(want); slices.Contains(r.Reset, n) {
		return true
	}
	w, g := want.n, got.n
	switch r.ReadBack {
	case Doubled:
		return g == 2*w || 2*w < g && g <= bufferFloor
	case Raised:
		return g == w || w < g && g <= bufferFloor
	case Jiffy:
		return w <= g && g < w+int64(maxTick)
	case Retransmits:
		return g == retransmits(w)
	case Segment:
		return g == w || s.look().connected && 0 < g && g < w
	case DropsECN:
		return g == w || s.network&tcp != 0 && g == w&^3
	case AddsBits:
		return g&w == w
	case Live:
		return true
	}
	return got == want
}

// retransmits rounds a time up to the sum of a whole number of retransmission timeouts,
// which start at 1 s and double up to 120 s (RFC 6298, TCP_RTO_MAX of Linux).
func retransmits(d int64) int64 {
	if d <= 0 {
		return 0
	}
	var sum, step = time.Second, time.Second
	for sum < time.Duration(d) {
		step = min(2*step, 120*time.Second)
		sum += step
	}
	return int64(sum)
}
