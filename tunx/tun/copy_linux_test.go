package tun_test

import (
	"testing"

	"github.com/strata-net/strata/tunx/tun"
)

// BenchmarkCopy carries a TCP flow between two devices.
func BenchmarkCopy(b *testing.B) {
	for name, c := range map[string]tun.Config{"offload": {}, "plain": {NoOffload: true}} {
		b.Run(name, func(b *testing.B) {
			p := newPair(b, c)
			p.carry(nil)
			const size = 1 << 28
			b.SetBytes(size)
			for b.Loop() {
				p.transfer(b, 0, "10.9.0.2:0", size)
			}
		})
	}
}
