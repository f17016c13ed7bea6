package tun

import "github.com/strata-net/strata/tunx"

// ReadHeader reads the header before a packet; zeros stand for what is not there.
func ReadHeader(b []byte) tunx.Offload {
	var h header
	copy(h[:], b)
	return h.offload()
}

// WriteHeader makes the header of a packet.
func WriteHeader(p []byte, o tunx.Offload) []byte {
	var h header
	h.set(p, o)
	return h[:]
}
