package tunx_test

import (
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// tryProxy has senders that can try, and notes what they send.
type tryProxy struct {
	try func(s *trySender, p []byte) bool // reports whether p is sent

	mu   sync.Mutex
	got  []string
	open int // senders that are not closed
}

type trySender struct {
	proxy  *tryProxy
	to     tunx.PacketResponseReceiver
	closed bool
}

func (p *tryProxy) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	return &trySender{proxy: p, to: r}, nil
}

func (s *trySender) TryWriteTo(p []byte, to netip.AddrPort) bool {
	if !s.proxy.try(s, p) {
		return false
	}
	_, err := s.WriteTo(p, to)
	return err == nil
}

func (s *trySender) WriteTo(p []byte, _ netip.AddrPort) (int, error) {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	if s.closed {
		return 0, tunx.ErrClosed
	}
	s.proxy.got = append(s.proxy.got, string(p))
	return len(p), nil
}

func (s *trySender) Close() error {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.proxy.open--
	}
	return nil
}

func (p *tryProxy) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// await waits until the proxy has got so many datagrams.
func (p *tryProxy) await(t *testing.T, count int) {
	t.Helper()
	eventually(t, "not got", func() bool { return len(p.sent()) == count })
}

// awaitSent waits for so many datagrams to be counted, which is before they are sent.
func awaitSent(t *testing.T, s *tunx.Sessions, count int) {
	t.Helper()
	eventually(t, "not sent", func() bool { return s.Stats().Sent.Datagrams == uint64(count) })
}

// Datagrams stay in order, whichever of them cannot be sent at once.
func TestTryOrder(t *testing.T) {
	noLeak(t)
	tries := 0
	p := &tryProxy{try: func(*trySender, []byte) bool { tries++; return tries%3 > 0 }}
	s := newSessions(t, p, nil, nil)
	var want []string
	for i := range 3000 {
		want = append(want, strconv.Itoa(i))
		require.NoError(t, s.WriteTo([]byte(want[i]), local(1), web))
		if i%5 == 0 {
			p.await(t, i+1) // so that there is no goroutine, and the next one is tried
		}
	}
	p.await(t, len(want))
	assert.Equal(t, want, p.sent())
	assert.Positive(t, tries)
	assert.Zero(t, s.Stats().Failed)
}

// What comes while another one is tried waits behind it, also when that one does not fit
// into the queue any more.
func TestTryMeanwhile(t *testing.T) {
	for _, each := range []struct {
		name      string
		sent      bool
		meanwhile int
		want      error
	}{{"sent", true, 3, nil}, {"not sent", false, 3, nil}, {"full", false, 1 << 16 / 512, tunx.ErrQueueFull}} {
		t.Run(each.name, func(t *testing.T) {
			noLeak(t)
			entered, leave := make(chan struct{}), make(chan struct{})
			p := &tryProxy{try: func(_ *trySender, p []byte) bool {
				if string(p) == "slow" {
					close(entered)
					<-leave
				}
				return each.sent
			}}
			s := newSessions(t, p, nil, &tunx.SessionConfig{QueueBytes: 1 << 16})
			require.NoError(t, s.WriteTo([]byte("first"), local(1), web))
			awaitSent(t, s, 1)
			slow := make(chan error)
			eventually(t, "not tried", func() bool { // until the goroutine of the first has ended
				go func() { slow <- s.WriteTo([]byte("slow"), local(1), web) }()
				select {
				case <-entered:
					return true
				case err := <-slow:
					require.NoError(t, err)
					return false
				}
			})
			before := len(p.sent())
			want := []string{"slow"}
			for i := range each.meanwhile {
				require.NoError(t, s.WriteTo([]byte(strconv.Itoa(i)), local(1), web))
				want = append(want, strconv.Itoa(i))
			}
			close(leave)
			require.ErrorIs(t, <-slow, each.want)
			if each.want != nil {
				want = want[1:]
				assert.EqualValues(t, 1, s.Stats().Dropped)
			}
			eventually(t, "not sent", func() bool { return len(p.sent()) >= before+len(want) })
			assert.Equal(t, want, p.sent()[before:])
		})
	}
}

// A session that ends while a datagram is tried gives it to the next one.
func TestTryEnds(t *testing.T) {
	noLeak(t)
	c := &closings{}
	ended := make(chan struct{}, 10)
	p := &tryProxy{try: func(s *trySender, p []byte) bool {
		if string(p) != "last" {
			return true
		}
		s.to.Close()
		<-ended
		return false
	}}
	s := newSessions(t, p, nil, &tunx.SessionConfig{OnClose: func(i tunx.SessionInfo, err error) {
		c.add(i, err)
		ended <- struct{}{}
	}})
	require.NoError(t, s.WriteTo([]byte("first"), local(1), web))
	eventually(t, "never tried", func() bool {
		require.NoError(t, s.WriteTo([]byte("last"), local(1), web))
		return len(c.list()) > 0
	})
	eventually(t, "not sent", func() bool { all := p.sent(); return all[len(all)-1] == "last" })
	assert.ErrorIs(t, c.list()[0].cause, tunx.ErrSessionEnded)
}

// Close while many send: no sender is used after it, and none stays open.
func TestTryClose(t *testing.T) {
	noLeak(t)
	for range 50 {
		p := &tryProxy{try: func(_ *trySender, p []byte) bool { return p[0]%4 > 0 }}
		s := newSessions(t, p, nil, &tunx.SessionConfig{MaxSessions: 3})
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				for n := 0; ; n++ {
					if s.WriteTo([]byte{byte(n)}, local(1+(i+n)%4), web) == tunx.ErrClosed {
						return
					}
				}
			})
		}
		eventually(t, "nothing sent", func() bool { return len(p.sent()) > 10 })
		require.NoError(t, s.Close())
		sent := len(p.sent())
		group.Wait()
		eventually(t, "open", func() bool { // a NewSession that hangs is not waited for
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.open == 0
		})
		assert.Len(t, p.sent(), sent, "after Close")
	}
}
