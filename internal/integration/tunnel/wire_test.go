package tunnel_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// patience is for a machine that is busy.
const patience = 30 * time.Second

// single is a device with one packet a call, whatever its device could do: what crosses it is what a wire would see.
type single struct{ tunx.IPDevice }

// wire is the client's end of a device, whose other end a forwarder has.
type wire struct {
	t       *testing.T
	dev     tunx.IPDevice
	packets chan packet
}

// newWire joins a new forwarder to a wire. Every packet that the forwarder sends is taken apart, and has to be right.
func newWire(t *testing.T, cfg *forward.Config) (*wire, *forward.Forwarder) {
	t.Helper()
	noLeak(t)
	near, far := tunx.Pipe(1500)
	f, err := forward.New(single{near}, cfg)
	require.NoError(t, err)
	w := &wire{t: t, dev: far, packets: make(chan packet, 4096)}
	var group sync.WaitGroup
	group.Go(w.receive)
	t.Cleanup(func() {
		assert.NoError(t, f.Close())
		assert.NoError(t, far.Close())
		group.Wait()
	})
	return w, f
}

func (w *wire) receive() {
	defer close(w.packets)
	b := make([]byte, 65536)
	for {
		n, err := w.dev.Read(b)
		if err != nil {
			return
		}
		assert.LessOrEqual(w.t, n, w.dev.MTU())
		p, err := read(append([]byte(nil), b[:n]...))
		if assert.NoError(w.t, err, "% x", b[:n]) {
			w.packets <- p
		}
	}
}

func (w *wire) send(b []byte) {
	w.t.Helper()
	_, err := w.dev.Write(b)
	require.NoError(w.t, err)
}

// next returns the next packet that is wanted. All others have to be known.
func (w *wire) next(what string, wanted, known func(p packet) bool) packet {
	w.t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		select {
		case p, open := <-w.packets:
			require.True(w.t, open, "the wire has ended, want %s", what)
			if wanted(p) {
				return p
			}
			require.True(w.t, known(p), "want %s, got %v", what, p)
		case <-end.C:
			require.FailNow(w.t, "nothing more comes", "want %s", what)
		}
	}
}

// silent makes sure that nothing has been sent so far: the answer to a ping comes behind everything else.
func (w *wire) silent(f family, known func(p packet) bool) {
	w.t.Helper()
	w.send(f.ping(777).bytes())
	p := w.next("the answer to a ping", func(p packet) bool { return f.isPong(p, 777) }, known)
	assert.Equal(w.t, f.server.Addr(), p.src.Addr())
}

func nobody(packet) bool  { return false }
func anybody(packet) bool { return true }
