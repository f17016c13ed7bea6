package netns_test

import (
	"crypto/rand"
	"crypto/x509"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/quicx"
)

// What a flood may add to a server's memory as the kernel counts it, in bytes, without the race detector.
const (
	// peakUnderLoad is at the peak, with RetryUnderLoad: 256 handshakes from addresses that are not proven, 64 KiB each,
	// are 16 MiB, which become twice of it until the garbage collector runs, and the rest of the program as in peakAlways.
	// Measured: 27 MiB.
	peakUnderLoad = 48 << 20
	// peakAlways is with RetryAlways, where the flood holds nothing: the garbage of 10,000 packets, and the good clients.
	// Measured: 5 MiB.
	peakAlways = 16 << 20
	// rest is what may remain when the handshakes have run out of time: code that was not used before, and tables that do
	// not shrink. Measured: 4 MiB.
	rest = 12 << 20
)

// quicServer is a running quicserver.
type quicServer struct {
	*lab.Process

	address string
	roots   *x509.CertPool
}

// The fields of quicserver's lines.
type (
	ready struct {
		Address string
		Roots   []byte
	}
	report struct {
		RSS, Peak int64
		Stats     quicx.Stats
	}
)

// startServer builds the server and starts it at the far end.
func startServer(t *testing.T, l *link, retry quicx.RetryPolicy) *quicServer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quicserver")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, "./quicserver").CombinedOutput()
	require.NoError(t, err, "%s", out)
	p, err := lab.Start(l.B, lab.AnyCPU, 5*patience, []string{"GOTRACEBACK=all"}, path, server4+":0", retry.String())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })
	var r ready
	require.NoError(t, p.Line(&r))
	s := &quicServer{Process: p, address: r.Address, roots: x509.NewCertPool()}
	require.True(t, s.roots.AppendCertsFromPEM(r.Roots))
	return s
}

func (s *quicServer) report(t *testing.T) (r report) {
	t.Helper()
	require.NoError(t, s.Tell())
	require.NoError(t, s.Line(&r))
	return r
}

// visit is a good client.
func (s *quicServer) visit(t *testing.T) {
	t.Helper()
	d, err := quicx.NewDialer(&quicx.DialConfig{TLS: streamTLS(s.roots), QUIC: patientQUIC()})
	require.NoError(t, err)
	c, err := d.DialContext(within(t), "udp", s.address)
	require.NoError(t, err)
	data := testData{size: 64 << 10}
	assert.Equal(t, data.sum(), echoOn(t, c, data))
	require.NoError(t, c.CloseWithError(0, ""))
	require.NoError(t, d.Close())
}

// 10,000 first packets, each from an address of its own that nobody has, cost a server a bounded memory, which it gives
// back. Good clients connect meanwhile, and nobody gets much more than what was sent in his name, see check. The same
// holds for packets of no conn, and for those of unknown versions.
func TestFlood(t *testing.T) {
	for policy, most := range map[quicx.RetryPolicy]int64{quicx.RetryUnderLoad: peakUnderLoad, quicx.RetryAlways: peakAlways} {
		t.Run(policy.String(), func(t *testing.T) {
			f := newForger()
			l := newLink(t, 0, f.watch)
			s := startServer(t, l, policy)
			f.aim(t, l, s.address)
			s.visit(t)
			before := s.report(t)
			for _, v := range []struct {
				name  string
				n     int
				forge func() ([]byte, error)
			}{
				{"first packets", 10_000, initial},
				{"packets of no conn", 5_000, stray},
				{"unknown versions", 5_000, unknownVersion},
			} {
				visits := f.during(t, v.n, v.forge, func() { s.visit(t) })
				r := s.report(t)
				t.Logf("%s: %d visits meanwhile; RSS %d KiB before, %d now, %d at the peak; %+v",
					v.name, visits, before.RSS>>10, r.RSS>>10, r.Peak>>10, r.Stats)
				assert.LessOrEqual(t, r.Peak, before.RSS+most)
				assert.LessOrEqual(t, r.Stats.Unvalidated, int64(quicx.DefaultMaxHandshakes/4))
				assert.Zero(t, r.Stats.RefusedByHandshakes+r.Stats.RefusedByLimit+r.Stats.RefusedBySource)
				if v.n == 10_000 {
					assert.Greater(t, r.Stats.Retries, int64(v.n/2), "most cost nothing")
				}
				s.drains(t, before)
				f.check(t, v.name)
			}
			s.visit(t)
		})
	}
}

// during floods, and calls visit until that is over.
func (f *forger) during(t *testing.T, n int, forge func() ([]byte, error), visit func()) (visits int) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f.flood(n, forge) }()
	for {
		visit()
		visits++
		select {
		case err := <-done:
			require.NoError(t, err)
			return visits
		default:
		}
	}
}

// drains waits until the handshakes have run out of time, and their memory is given back.
func (s *quicServer) drains(t *testing.T, before report) {
	t.Helper()
	var now report
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		now = s.report(t)
		if now.Stats.Active == 0 && now.Stats.Pending == 0 && now.RSS <= before.RSS+rest {
			t.Logf("then RSS %d KiB", now.RSS>>10)
			return
		}
	}
	require.Failf(t, "it does not drain", "%+v, before %+v", now, before)
}

// stray is what may be a packet of a conn that is not known. The server may answer with a stateless reset.
func stray() ([]byte, error) {
	b := make([]byte, 100)
	_, err := rand.Read(b)
	b[0] = 0x40 | b[0]&0x3f
	return b, err
}

// unknownVersion is a long header of a version that nobody has. The server answers with those that it has.
func unknownVersion() ([]byte, error) {
	b := make([]byte, 1200)
	_, err := rand.Read(b)
	copy(b, []byte{0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 20})
	b[26] = 20
	return b, err
}
