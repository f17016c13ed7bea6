//go:build !plan9

package forward_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// covered is a conn whose socket cannot be seen, as that of a proxy or of TLS.
type covered struct{ tunx.StreamConn }

func (c covered) SetLinger(sec int) error { return c.StreamConn.(*net.TCPConn).SetLinger(sec) }

// kinds are the dialers of both ways to copy.
var kinds = map[string]func(net.Listener) streams{
	"socket": to,
	"other conn": func(l net.Listener) streams {
		return func(ctx context.Context, address string) (tunx.StreamConn, error) {
			c, err := to(l)(ctx, address)
			if err != nil {
				return nil, err
			}
			return covered{c}, nil
		}
	},
}

// pair is a flow: the client's conn and the server's.
type pair struct {
	client *netstack.TCPConn
	server *net.TCPConn
	f      *forward.Forwarder
	events chan forward.Event
	stack  *netstack.Stack
}

func newPair(t *testing.T, dialer func(net.Listener) streams, cfg forward.Config) *pair {
	t.Helper()
	noLeak(t)
	accepted, over := make(chan *net.TCPConn, 1), make(chan struct{})
	l := serve(t, func(c *net.TCPConn) {
		accepted <- c
		<-over
	})
	t.Cleanup(func() { close(over) })
	p := &pair{events: make(chan forward.Event, 100)}
	cfg.Streams, cfg.OnFlow = dialer(l), func(e forward.Event) { p.events <- e }
	p.stack, p.f = open(t, &cfg)
	p.client = dial(t, p.stack, net.JoinHostPort(server4, "80")).(*netstack.TCPConn)
	p.server = receive(t, accepted)
	for _, c := range []net.Conn{p.client, p.server} {
		require.NoError(t, c.SetDeadline(time.Now().Add(3*time.Minute)))
	}
	require.Equal(t, forward.FlowOpened, receive(t, p.events).Kind)
	return p
}

// closed returns the event of the end.
func (p *pair) closed(t *testing.T) forward.Event {
	t.Helper()
	e := receive(t, p.events)
	require.Equal(t, forward.FlowClosed, e.Kind)
	await(t, "no flow", func() bool { return p.f.Stats().Flows == 0 })
	return e
}

type halfCloser interface {
	net.Conn
	CloseWrite() error
}

func TestHalfClose(t *testing.T) {
	for kind, dialer := range kinds {
		for name, order := range map[string]func(*pair) (first, second halfCloser){
			"the client first": func(p *pair) (_, _ halfCloser) { return p.client, p.server },
			"the server first": func(p *pair) (_, _ halfCloser) { return p.server, p.client },
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				p := newPair(t, dialer, forward.Config{})
				first, second := order(p)
				_, err := first.Write([]byte("question"))
				require.NoError(t, err)
				require.NoError(t, first.CloseWrite())
				got, err := io.ReadAll(second)
				require.NoError(t, err)
				assert.Equal(t, "question", string(got))
				assert.Equal(t, 1, p.f.Stats().Flows)
				_, err = second.Write([]byte("a longer answer"))
				require.NoError(t, err)
				require.NoError(t, second.CloseWrite())
				got, err = io.ReadAll(first)
				require.NoError(t, err)
				assert.Equal(t, "a longer answer", string(got))
				e := p.closed(t)
				require.NoError(t, e.Err)
				sent, received := uint64(8), uint64(15)
				if first == halfCloser(p.server) {
					sent, received = received, sent
				}
				assert.Equal(t, sent, e.Flow.Sent)
				assert.Equal(t, received, e.Flow.Received)
				assert.Zero(t, p.f.Stats().Reset)
			})
		}
	}
}

// skipLostReset is for a socket under wine, which reads an end where the reset came before
// the read.
func skipLostReset(t *testing.T, err error) {
	t.Helper()
	if runtime.GOOS == "windows" && errors.Is(err, io.EOF) {
		t.Skip("wine reads an end where a reset came before the read")
	}
}

func TestReset(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind+", of the server", func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			require.NoError(t, p.server.SetLinger(0))
			p.server.Close()
			_, err := p.client.Read(make([]byte, 1))
			skipLostReset(t, err)
			require.ErrorIs(t, err, connReset)
			assert.ErrorIs(t, p.closed(t).Err, connReset)
			assert.EqualValues(t, 1, p.f.Stats().Reset)
		})
		t.Run(kind+", of the client", func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			require.NoError(t, p.client.SetLinger(0))
			p.client.Close()
			_, err := p.server.Read(make([]byte, 1))
			skipLostReset(t, err)
			require.ErrorIs(t, err, connReset)
			assert.ErrorIs(t, p.closed(t).Err, netstack.ErrConnectionReset)
		})
		t.Run(kind+", of the client after its end", func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			require.NoError(t, p.client.CloseWrite())
			_, err := p.server.Read(make([]byte, 1))
			require.Equal(t, io.EOF, err)
			require.NoError(t, p.client.Endpoint().Abort())
			// Nothing is read or written any more: the reset has to be noticed all the same.
			require.Error(t, p.closed(t).Err)
		})
	}
}

func TestIdle(t *testing.T) {
	t.Run("both directions", func(t *testing.T) {
		p := newPair(t, to, forward.Config{IdleTimeout: 2 * time.Second})
		e := p.closed(t)
		require.ErrorIs(t, e.Err, forward.ErrIdle)
		require.ErrorIs(t, e.Err, os.ErrDeadlineExceeded)
		_, err := p.client.Read(make([]byte, 1))
		require.ErrorIs(t, err, connReset)
		_, err = p.server.Read(make([]byte, 1))
		skipLostReset(t, err)
		require.ErrorIs(t, err, connReset)
	})
	t.Run("half closed", func(t *testing.T) {
		p := newPair(t, to, forward.Config{HalfCloseTimeout: 50 * time.Millisecond})
		time.Sleep(200 * time.Millisecond) // the other limit would have reset it
		require.Equal(t, 1, p.f.Stats().Flows)
		require.NoError(t, p.client.CloseWrite())
		assert.ErrorIs(t, p.closed(t).Err, forward.ErrIdle)
	})
	t.Run("never", func(t *testing.T) {
		p := newPair(t, to, forward.Config{IdleTimeout: -1, HalfCloseTimeout: -1})
		assert.Equal(t, 1, p.f.Stats().Flows)
	})
}

// TestBulk copies much both ways at once, in pieces of all sizes, and looks at every byte.
func TestBulk(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			data := make([]byte, 8<<20)
			rand.NewChaCha8([32]byte{1}).Read(data)
			var group sync.WaitGroup
			for i, c := range [][2]halfCloser{{p.client, p.server}, {p.server, p.client}} {
				group.Go(func() {
					random := rand.New(rand.NewPCG(uint64(i), 1))
					for rest := data; len(rest) > 0; {
						n := min(len(rest), 1+random.IntN(100000))
						if random.IntN(2) == 0 {
							n = min(n, 700)
						}
						if _, err := c[0].Write(rest[:n]); !assert.NoError(t, err) {
							return
						}
						rest = rest[n:]
					}
					assert.NoError(t, c[0].CloseWrite())
				})
				group.Go(func() {
					got, err := io.ReadAll(c[1])
					assert.NoError(t, err)
					assert.True(t, bytes.Equal(data, got), "%d of %d bytes", len(got), len(data))
				})
			}
			group.Wait()
			e := p.closed(t)
			require.NoError(t, e.Err)
			assert.EqualValues(t, len(data), e.Flow.Sent)
			assert.EqualValues(t, len(data), e.Flow.Received)
		})
	}
}

// TestStalledUpload has a server that reads nothing: others are as fast as before, and the
// flow goes on as soon as it does read.
func TestStalledUpload(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			p := newPair(t, dialer, forward.Config{})
			const size = 32 << 20 // more than all buffers on the way hold
			sent := make(chan error, 1)
			go func() {
				_, err := p.client.Write(make([]byte, size))
				sent <- errors.Join(err, p.client.CloseWrite())
			}()
			var last uint64
			await(t, "a stall", func() bool {
				before := last
				for w := range p.f.Flows() {
					last = w.Sent
				}
				time.Sleep(50 * time.Millisecond)
				return last > 0 && last == before
			})
			// The other direction of the same flow, and other flows, move.
			_, err := p.server.Write([]byte("hello"))
			require.NoError(t, err)
			got := make([]byte, 5)
			_, err = io.ReadFull(p.client, got)
			require.NoError(t, err)
			p.f.SetStreamDialer(dialer(serve(t, echo)))
			other := dial(t, p.stack, net.JoinHostPort(server6, "80"))
			go other.Write(make([]byte, 4<<20))
			require.NoError(t, other.SetDeadline(time.Now().Add(3*time.Minute)))
			_, err = io.ReadFull(other, make([]byte, 4<<20))
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, p.server)
			require.NoError(t, err)
			assert.EqualValues(t, size, n)
			require.NoError(t, receive(t, sent))
		})
	}
}

// TestNoStall is a watchdog: whatever the order of windows and wake-ups, a flow that has
// data and a reader never rests. Earlier forwarders lost a wake-up and rested for 3.8 s.
func TestNoStall(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			noLeak(t)
			s, _ := open(t, &forward.Config{Streams: dialer(serve(t, echo))})
			var group sync.WaitGroup
			for i := range 8 {
				c := dial(t, s, net.JoinHostPort(server4, "80"))
				random := rand.New(rand.NewPCG(uint64(i), 7))
				group.Go(func() {
					b := make([]byte, 200000)
					for range 60 {
						n := 1 + random.IntN(len(b))
						if random.IntN(3) > 0 {
							n = 1 + random.IntN(3000)
						}
						// Time runs out only when nothing moves for as long as a retransmission
						// that nobody should need takes, many times over.
						assert.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
						go c.Write(b[:n])
						if _, err := io.ReadFull(c, make([]byte, n)); !assert.NoError(t, err) {
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func TestHotSwap(t *testing.T) {
	p := newPair(t, to, forward.Config{})
	p.f.SetStreamDialer(to(serve(t, echo)))
	// The old flow goes on, a new one has the new dialer.
	_, err := p.client.Write([]byte("old"))
	require.NoError(t, err)
	_, err = io.ReadFull(p.server, make([]byte, 3))
	require.NoError(t, err)
	c := dial(t, p.stack, net.JoinHostPort(server4, "81"))
	_, err = c.Write([]byte("new"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 3))
	require.NoError(t, err)
	assert.Equal(t, forward.FlowOpened, receive(t, p.events).Kind)
	await(t, "both flows counted", func() bool { // after the write to the server
		flows := 0
		for w := range p.f.Flows() {
			if w.Open && w.Sent == 3 {
				flows++
			}
		}
		return flows == 2
	})
	for range p.f.Flows() {
		break
	}

	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errors.New("patience is over"))
	defer cancel()
	require.EqualError(t, p.f.Drain(ctx), "patience is over")
	_, err = p.client.Read(make([]byte, 1))
	require.ErrorIs(t, err, connReset)
	assert.EqualError(t, errors.Unwrap(receive(t, p.events).Err), "patience is over")
	require.NoError(t, p.f.Drain(t.Context()))
	assert.Equal(t, 1, p.f.Stats().Flows)

	p.f.SetStreamDialer(nil)
	_, err = p.stack.DialContext(t.Context(), "tcp", net.JoinHostPort(server4, "82"))
	assert.ErrorIs(t, err, connRefused)
}

func TestDrainWaits(t *testing.T) {
	p := newPair(t, to, forward.Config{})
	p.f.SetStreamDialer(nil)
	drained := make(chan error, 1)
	go func() { drained <- p.f.Drain(context.Background()) }()
	require.NoError(t, p.client.CloseWrite())
	require.NoError(t, p.server.CloseWrite())
	require.NoError(t, receive(t, drained))
	require.NoError(t, p.closed(t).Err)
}

// TestDrainEndsDials: a flow of an earlier dialer does not begin after its time.
func TestDrainEndsDials(t *testing.T) {
	for name, heeds := range map[string]bool{"that heed their context": true, "that do not": false} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			l := serve(t, echo)
			called, release := make(chan struct{}), make(chan struct{})
			events, ended := make(chan forward.Event, 10), make(chan error, 1)
			stack, f := open(t, &forward.Config{
				OnFlow: func(e forward.Event) { events <- e },
				Streams: streams(func(ctx context.Context, address string) (tunx.StreamConn, error) {
					close(called)
					if heeds {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					<-release
					return to(l)(context.Background(), address)
				}),
			})
			go func() {
				c, err := stack.Dial("tcp", net.JoinHostPort(server4, "80"))
				if err == nil {
					_, err = c.Read(make([]byte, 1))
					c.Close()
				}
				ended <- err
			}()
			receive(t, called)
			f.SetStreamDialer(nil)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("patience is over"))
			require.EqualError(t, f.Drain(ctx), "patience is over")
			close(release)
			want, kind := error(connRefused), forward.FlowRefused
			if !heeds {
				assert.Equal(t, forward.FlowOpened, receive(t, events).Kind)
				want, kind = connReset, forward.FlowClosed
			}
			e := receive(t, events)
			assert.Equal(t, kind, e.Kind)
			require.ErrorContains(t, e.Err, "patience is over")
			require.ErrorIs(t, receive(t, ended), want)
			require.NoError(t, f.Drain(t.Context()))
		})
	}
}

// The resets go out before the device is closed: nobody else would tell the clients.
func TestCloseTellsClients(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			noLeak(t)
			s, f := open(t, &forward.Config{Streams: dialer(serve(t, echo))})
			var clients []net.Conn
			for range 20 {
				c := dial(t, s, net.JoinHostPort(server4, "80"))
				require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
				clients = append(clients, c)
				_, err := c.Write([]byte("x"))
				require.NoError(t, err)
				_, err = io.ReadFull(c, make([]byte, 1))
				require.NoError(t, err)
			}
			require.NoError(t, f.Close())
			for _, c := range clients {
				_, err := c.Read(make([]byte, 1))
				assert.ErrorIs(t, err, connReset)
			}
		})
	}
}

// TestCloseWhileFlowsRun closes with traffic in both directions and many flows.
func TestCloseWhileFlowsRun(t *testing.T) {
	for kind, dialer := range kinds {
		t.Run(kind, func(t *testing.T) {
			noLeak(t)
			l := serve(t, echo)
			for range 3 {
				s, f := open(t, &forward.Config{Streams: dialer(l), Packets: redirect{udpEcho(t)}})
				var group sync.WaitGroup
				var ready sync.WaitGroup
				for range 20 {
					c := dial(t, s, net.JoinHostPort(server4, "80"))
					ready.Add(1)
					group.Go(func() {
						var once sync.Once
						for {
							if _, err := c.Write(make([]byte, 30000)); err != nil {
								return
							}
							once.Do(ready.Done)
						}
					})
					group.Go(func() { io.Copy(io.Discard, c) })
				}
				ready.Wait()
				require.NoError(t, f.Close())
				assert.Zero(t, f.Stats().Flows)
				require.NoError(t, s.Close())
				group.Wait()
			}
		})
	}
}

func TestRun(t *testing.T) {
	noLeak(t)
	inside, outside := tunx.Pipe(1500)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	l := serve(t, echo)
	go func() { ended <- forward.Run(ctx, outside, &forward.Config{Streams: to(l)}) }()
	s := clientOf(t, inside)
	c := dial(t, s, net.JoinHostPort(server4, "80"))
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
	cause := errors.New("enough")
	cancel(cause)
	require.ErrorIs(t, receive(t, ended), cause)
	require.Error(t, forward.Run(t.Context(), nil, nil))
}
