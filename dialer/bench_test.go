package dialer_test

import (
	"testing"

	"github.com/strata-net/strata/dialer"
)

// BenchmarkDial dials a UDP socket, which is all work of the dialer's own: with
// nobody told, and with a hook.
func BenchmarkDial(b *testing.B) {
	for _, bench := range []struct {
		name string
		hook func(dialer.Event)
	}{{"nobody", nil}, {"hook", func(dialer.Event) {}}} {
		b.Run(bench.name, func(b *testing.B) {
			d, err := dialer.New(&dialer.Config{OnEvent: bench.hook})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				c, err := d.Dial("udp4", "127.0.0.1:9")
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}
