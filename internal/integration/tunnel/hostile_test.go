package tunnel_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// Cut packets of every kind and length do no harm: what comes behind them is answered.
func TestCutPackets(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		s := newScript(t, f, forward.Config{})
		whole := [][]byte{
			f.datagram(pattern(20)).bytes(), f.ping(1).bytes(), f.datagram(pattern(100)).cut(16, 3)[1],
			s.segment("F.", pattern(5)).bytes(),
		}
		for _, b := range whole {
			for n := range b {
				_, _ = s.dev.Write(b[:n]) // the device itself may refuse it
			}
		}
		s.send(f.ping(777).bytes())
		s.next("the answer to a ping", func(p packet) bool { return f.isPong(p, 777) }, anybody)
	})
}

// FuzzPacket gives a forwarder any packet. Then it still answers.
func FuzzPacket(f *testing.F) {
	for _, fam := range families {
		s := script{family: fam}
		f.Add(fam.ping(1).bytes())
		f.Add(fam.datagram(pattern(9)).bytes())
		f.Add(s.segment("S", nil).bytes())
		f.Add(s.segment("FP.", pattern(3)).bytes())
		for _, part := range fam.datagram(pattern(40)).cut(16, 5) {
			f.Add(part)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, _ := newWire(t, &forward.Config{Echo: forward.EchoAnswer})
		_, err := w.dev.Write(b)
		assert.Equal(t, len(b) > w.dev.MTU(), errors.Is(err, tunx.ErrMsgSize), err)
		w.send(families[0].ping(777).bytes())
		w.next("the answer to a ping", func(p packet) bool { return families[0].isPong(p, 777) }, anybody)
	})
}
