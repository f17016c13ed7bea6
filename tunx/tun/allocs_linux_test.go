//go:build !race

package tun_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// TestAllocs: a packet costs no allocation, either way.
func TestAllocs(t *testing.T) {
	lab.NoLeak(t)
	for name, c := range map[string]tun.Config{"offload": {}, "plain": {NoOffload: true}} {
		t.Run(name, func(t *testing.T) {
			d, _ := solo(t, c)
			p, b := ping(100), make([]byte, 65535)
			parts := [][]byte{p[:28], p[28:]}
			assert.Zero(t, testing.AllocsPerRun(1000, func() {
				_, _ = d.Write(p)
				_, _ = d.Read(b)
			}))
			assert.Zero(t, testing.AllocsPerRun(1000, func() {
				_, _ = d.WriteOffload(parts, tunx.Offload{})
				_, _, _ = d.ReadOffload(b)
			}))
		})
	}
}
