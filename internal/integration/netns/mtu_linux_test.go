package netns_test

import (
	"io"
	"strconv"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// narrow is the least that a path of IPv6 carries (RFC 8200, section 5).
const narrow = 1280

// A path that carries no packet above 1,280 bytes, and tells nobody, is enough for everything.
func TestNarrow(t *testing.T) {
	for _, server := range []string{server4, server6} {
		t.Run(server, func(t *testing.T) {
			noGoroutines(t)
			l := newLink(t, 0, nil)
			l.narrow.Store(narrow)
			w := serveWeb(t, l.B, server, quicx.ListenConfig{})
			tr, _ := w.transport(t, &http3x.Config{Dial: quicx.DialConfig{QUIC: patientQUIC()}})
			want := transfer.sum()
			got, err := download(within(t), tr, w.url(strconv.FormatInt(transfer.size, 10)), nil)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			sum, err := upload(within(t), tr, w.url(""), transfer.reader())
			require.NoError(t, err)
			assert.Equal(t, want[:], sum)
			t.Logf("the largest packet that crossed had %d bytes, %d larger ones did not", l.largest.Load(), l.cut.Load())
			assert.Positive(t, l.cut.Load(), "more was tried")
		})
	}
}

// shrinking begins a download, lets the path become narrow in its middle, calls heal, and sees to the rest. It returns
// the largest packet of before.
func shrinking(t *testing.T, server string, config quic.Config, heal func(*link, *mover)) (before int64) {
	t.Helper()
	noGoroutines(t)
	l := newLink(t, 0, nil)
	w := serveWeb(t, l.B, server, quicx.ListenConfig{QUIC: &config})
	local := client4
	if server == server6 {
		local = client6
	}
	m := newMover(t, w, local, &config)
	half := newHalfway(nil, moved.size/2)
	done := make(chan error, 1)
	var got [32]byte
	go func() {
		var err error
		got, err = download(within(t), m, w.url(strconv.FormatInt(moved.size, 10)), func(r io.Reader) io.Reader {
			half.Reader = r
			return half
		})
		done <- err
	}()
	<-half.reached
	before = l.largest.Load()
	l.narrow.Store(narrow)
	close(half.goOn)
	heal(l, m)
	require.NoError(t, <-done)
	assert.Equal(t, moved.sum(), got)
	return before
}

// quic-go v0.65 does not notice that a path has become narrow (RFC 8899, section 4.3, calls it black hole detection): it
// repeats packets of the size that was once found, and keep-alives, which are small, keep the conn. Without this
// migration the download makes no progress in two minutes. A migration, to another port will do, begins with
// InitialPacketSize again, on both sides.
func TestShrinkAndMigrate(t *testing.T) {
	for _, server := range []string{server4, server6} {
		t.Run(server, func(t *testing.T) {
			before := shrinking(t, server, quic.Config{
				InitialStreamReceiveWindow: smallWindow, MaxStreamReceiveWindow: smallWindow,
			}, func(l *link, m *mover) {
				eventually(t, "it is stuck", func() bool { return l.cut.Load() >= 5 })
				require.NoError(t, m.client.Migrate(within(t), m.conn, ""))
			})
			assert.Greater(t, before, int64(1400), "the path was wide")
		})
	}
}

// Where paths change and nobody is there to migrate, packets stay at InitialPacketSize.
func TestShrinkWithoutDiscovery(t *testing.T) {
	for _, server := range []string{server4, server6} {
		t.Run(server, func(t *testing.T) {
			before := shrinking(t, server, quic.Config{
				DisablePathMTUDiscovery: true, InitialStreamReceiveWindow: smallWindow, MaxStreamReceiveWindow: smallWindow,
			}, func(l *link, _ *mover) { assert.Zero(t, l.cut.Load()) })
			assert.LessOrEqual(t, before, int64(narrow))
		})
	}
}
