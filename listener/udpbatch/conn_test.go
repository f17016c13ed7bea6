package udpbatch_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
)

var (
	_ net.PacketConn = (*udpbatch.Conn)(nil)
	_ net.Conn       = (*udpbatch.Conn)(nil)
	_ syscall.Conn   = (*udpbatch.Conn)(nil)
	_ net.Error      = (*udpbatch.Error)(nil)
)

func TestPlainMethods(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		assert.Nil(t, in.RemoteAddr())
		assert.Equal(t, in.LocalAddr().String(), out.RemoteAddr().String())
		b := make([]byte, 100)

		n, err := out.Write([]byte("hello"))
		require.NoError(t, err)
		assert.Equal(t, 5, n)
		n, from, err := in.ReadFrom(b)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(b[:n]))
		assert.Equal(t, out.LocalAddr(), from)

		_, err = in.WriteTo([]byte("to"), from)
		require.NoError(t, err)
		n, err = out.Read(b)
		require.NoError(t, err)
		assert.Equal(t, "to", string(b[:n]))

		_, err = in.WriteToUDPAddrPort(nil, addrOf(out))
		require.NoError(t, err)
		n, port, err := out.ReadFromUDPAddrPort(b)
		require.NoError(t, err)
		assert.Zero(t, n)
		assert.Equal(t, addrOf(in), port)

		for name, err := range map[string]error{
			"WriteTo":            second(out.WriteTo([]byte("x"), from)),
			"WriteToUDPAddrPort": second(out.WriteToUDPAddrPort([]byte("x"), addrOf(in))),
			"Write":              second(in.Write([]byte("x"))),
			"unix address":       second(in.WriteTo([]byte("x"), &net.UnixAddr{})),
			"no address":         second(in.WriteTo([]byte("x"), nil)),
			"nil *net.UDPAddr":   second(in.WriteTo([]byte("x"), (*net.UDPAddr)(nil))),
			"too long":           second(out.Write(make([]byte, 70000))),
		} {
			var e *udpbatch.Error
			require.ErrorAs(t, err, &e, name)
			assert.Equal(t, "write", e.Op, name)
			assert.ErrorContains(t, err, " bytes: ", name)
		}
	})
}

func second(_ int, err error) error { return err }

// A plain read takes one datagram, also from the middle of joined ones, and
// leaves the others to whoever reads next.
func TestPlainAndBatchShareTheQueue(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		sizes := repeat(20, 100)
		_, err := out.WriteBatch(patterns(addrOf(in), sizes))
		require.NoError(t, err)
		b := make([]byte, 200)
		ms := make([]udpbatch.Message, 3)
		for got := 0; got < len(sizes); {
			n, from, err := in.ReadFromUDPAddrPort(b)
			require.NoError(t, err)
			assert.Equal(t, addrOf(out), from)
			assert.Equal(t, pattern(got, 100), b[:n])
			got++
			if got == len(sizes) {
				break
			}
			k, err := in.ReadBatch(ms)
			require.NoError(t, err)
			for _, m := range ms[:k] {
				assert.Equal(t, pattern(got, 100), m.Data)
				got++
			}
		}
	})
}

func TestShortBufferIsNotSilent(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), nil)
		_, err := out.WriteBatch(patterns(netip.AddrPort{}, []int{100, 100}))
		require.NoError(t, err)
		b := make([]byte, 10)
		n, from, err := in.ReadFrom(b)
		require.ErrorIs(t, err, io.ErrShortBuffer)
		assert.Equal(t, 10, n)
		assert.Equal(t, out.LocalAddr(), from)
		b = make([]byte, 100)
		n, err = in.Read(b)
		require.NoError(t, err)
		assert.Equal(t, pattern(1, 100), b[:n], "the next one is whole")
	})
}

func TestMaxDatagram(t *testing.T) {
	for name, configure := range map[string]func(udpbatch.Config) *udpbatch.Config{
		"platform": func(c udpbatch.Config) *udpbatch.Config { return &c },
		"portable": udpbatch.Portable,
	} {
		t.Run(name, func(t *testing.T) {
			in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0", MaxDatagram: 100, GRO: udpbatch.Off}))
			out := dial(t, in.LocalAddr().String(), nil)
			_, err := out.WriteBatch(patterns(netip.AddrPort{}, []int{100, 101, 100}))
			require.NoError(t, err)
			ms := make([]udpbatch.Message, 1)
			for i, cut := range []bool{false, true, false} {
				_, err = in.ReadBatch(ms)
				require.NoError(t, err)
				assert.Len(t, ms[0].Data, 100)
				assert.Equal(t, cut, ms[0].Truncated, i)
			}
			_, err = out.Write(make([]byte, 101))
			require.NoError(t, err)
			_, err = in.Read(make([]byte, 200))
			assert.ErrorIs(t, err, io.ErrShortBuffer)
		})
	}
}

func TestNoRoomAndNothingToSend(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		c := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		_, err := c.ReadBatch(nil)
		assert.ErrorContains(t, err, "no message to read into")
		n, err := c.WriteBatch(nil)
		assert.NoError(t, err)
		assert.Zero(t, n)
	})
}

// What fails is named, what was before it is sent, what is after it is not.
func TestBadMessageInABatch(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		good := addrOf(in)
		for name, bad := range map[string]udpbatch.Message{
			"too long":        {Data: make([]byte, 65508), Addr: good},
			"no address":      {Data: []byte("x")},
			"other version":   {Data: []byte("x"), Addr: netip.MustParseAddrPort("[::1]:5000")},
			"source":          {Data: []byte("x"), Addr: good, Local: netip.MustParseAddr("::1")},
			"source not here": {Data: []byte("x"), Addr: good, Local: netip.MustParseAddr("192.0.2.1")},
			"ECN":             {Data: []byte("x"), Addr: good, ECN: 4},
		} {
			ms := patterns(good, []int{100, 100, 50, 20})
			ms[2] = bad
			n, err := out.WriteBatch(ms)
			var e *udpbatch.Error
			require.ErrorAs(t, err, &e, name)
			assert.Equal(t, 2, n, name)
			assert.Equal(t, "write", e.Op)
			assert.Regexp(t, `^message 2 of \d+ bytes$`, e.Value)
			assert.Equal(t, bad.Addr.String(), e.Address)
			n, err = out.WriteBatch(ms[3:])
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			got := make([]udpbatch.Message, 1)
			for _, i := range []int{0, 1, 3} {
				_, err := in.ReadBatch(got)
				require.NoError(t, err)
				assert.Equal(t, ms[i].Data, got[0].Data, name)
			}
		}
	})
}

func TestCloseAndDeadlineWake(t *testing.T) {
	noLeak(t)
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		for name, test := range map[string]struct {
			wake func(c *udpbatch.Conn) error
			want error
		}{
			"close":    {(*udpbatch.Conn).Close, net.ErrClosed},
			"deadline": {func(c *udpbatch.Conn) error { return c.SetDeadline(time.Now()) }, os.ErrDeadlineExceeded},
			"soon":     {func(c *udpbatch.Conn) error { return c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		} {
			t.Run(name, func(t *testing.T) {
				c := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
				var group sync.WaitGroup
				r := c.NewReader()
				ready := make(chan struct{}, 4)
				for _, read := range []func() (int, error){
					func() (int, error) { return c.ReadBatch(make([]udpbatch.Message, 1)) },
					func() (int, error) { return c.Read(make([]byte, 1)) },
					func() (int, error) { n, _, err := c.ReadFrom(make([]byte, 1)); return n, err },
					func() (int, error) { return r.ReadBatch(make([]udpbatch.Message, 1)) },
				} {
					group.Go(func() {
						ready <- struct{}{}
						n, err := read()
						assert.Zero(t, n)
						assert.ErrorIs(t, err, test.want)
						var e net.Error
						if assert.ErrorAs(t, err, &e) {
							assert.Equal(t, test.want == os.ErrDeadlineExceeded, e.Timeout())
						}
					})
				}
				for range 4 {
					<-ready
				}
				runtime.Gosched()
				require.NoError(t, test.wake(c))
				group.Wait()
			})
		}
	})
}

// Datagrams that were taken apart already are not returned after Close or the
// deadline, as with any conn.
func TestDeadlineAndCloseWithDatagramsPending(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), nil)
		_, err := out.WriteBatch(patterns(netip.AddrPort{}, []int{10, 10, 10}))
		require.NoError(t, err)
		b := make([]byte, 10)
		_, err = in.Read(b)
		require.NoError(t, err)
		require.NoError(t, in.SetReadDeadline(time.Now().Add(-time.Second)))
		_, err = in.Read(b)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, in.SetReadDeadline(time.Time{}))
		_, err = in.Read(b)
		require.NoError(t, err)
		assert.Equal(t, pattern(1, 10), b)
		require.NoError(t, in.Close())
		_, err = in.Read(b)
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = in.WriteBatch(patterns(addrOf(out), []int{1}))
		assert.ErrorIs(t, err, net.ErrClosed)
		err = in.Close()
		assert.ErrorIs(t, err, net.ErrClosed)
		var e *udpbatch.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "close", e.Op)
	})
}

// Also those that nanoseconds since 1970 cannot say.
func TestOddDeadlinesWithDatagramsPending(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), nil)
		_, err := out.WriteBatch(patterns(netip.AddrPort{}, repeat(4, 10)))
		require.NoError(t, err)
		b := make([]byte, 10)
		_, err = in.Read(b)
		require.NoError(t, err)
		for _, past := range []time.Time{time.Unix(0, 0), time.Unix(-1<<40, 0)} {
			require.NoError(t, in.SetReadDeadline(past))
			_, err = in.Read(b)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, past)
		}
		for _, future := range []time.Time{time.Now().Add(math.MaxInt64), time.Unix(1<<40, 0)} {
			require.NoError(t, in.SetReadDeadline(future))
			_, err = in.Read(b)
			require.NoError(t, err, future)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	bad := &udpbatch.Config{
		Address: "127.0.0.1:70000", Batch: -1, MaxDatagram: 1 << 16, MaxMemory: -5, GSO: 3, GRO: 9,
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(true)},
	}
	_, err := udpbatch.Listen(t.Context(), bad)
	require.Error(t, err)
	require.EqualError(t, bad.Check(), err.Error())
	for _, want := range []string{
		"udpbatch: config: Address=127.0.0.1:70000: port \"70000\" is not a number from 0 to 65535",
		"udpbatch: config: Batch=-1: must be from 1 to 1024, or 0 for 128",
		"udpbatch: config: MaxDatagram=65536: must be from 1 to 65535, or 0 for 65535",
		"udpbatch: config: MaxMemory=-5: ",
		"udpbatch: config: GSO=Mode(3): must be auto, off or require",
		"udpbatch: config: GRO=Mode(9): must be auto, off or require",
		"udpbatch: config: Options=TCP_NODELAY=true: ",
	} {
		assert.ErrorContains(t, err, want)
	}
	for _, test := range []struct{ address, want string }{
		{"", "must be set"},
		{"tcp://127.0.0.1:1", "unknown network tcp"},
		{"127.0.0.1", "missing port"},
		{"127.0.0.1:http", "port \"http\" is not a number"},
		{"udp6://127.0.0.1:0", "127.0.0.1 is not an address of network udp6"},
		{"udp4://[::1]:0", "::1 is not an address of network udp4"},
	} {
		_, err := udpbatch.Listen(t.Context(), &udpbatch.Config{Address: test.address})
		assert.ErrorContains(t, err, test.want, test.address)
		_, err = udpbatch.Dial(t.Context(), test.address, nil)
		assert.ErrorContains(t, err, test.want, test.address)
	}
	for _, test := range []struct{ remote, from, want string }{
		{"127.0.0.1:1", "localhost:0", "is not an IP literal"},
		{"127.0.0.1:1", "udp6://:0", "127.0.0.1 is not an address of network udp6"},
		{"udp4://127.0.0.1:1", "udp6://:0", "network udp6 cannot dial udp4"},
		{"127.0.0.1:1", "127.0.0.1", "missing port"},
	} {
		_, err := udpbatch.Dial(t.Context(), test.remote, &udpbatch.Config{Address: test.from})
		assert.ErrorContains(t, err, test.want)
		assert.ErrorContains(t, err, "Address="+test.from)
	}
}

// Check opens nothing, and so finds no port taken.
func TestConfig_Check(t *testing.T) {
	noLeak(t)
	var none *udpbatch.Config
	require.EqualError(t, none.Check(), "udpbatch: config: Address: must be set")
	l, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for _, address := range []string{l.LocalAddr().String(), "name.invalid:0"} {
		c := &udpbatch.Config{Address: address}
		require.NoError(t, c.Check())
		assert.Equal(t, &udpbatch.Config{Address: address}, c)
	}
}

func TestContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var none context.Context
	for _, ctx := range []context.Context{ended, none} {
		_, err := udpbatch.Listen(ctx, &udpbatch.Config{Address: "127.0.0.1:0"})
		assert.Error(t, err)
		_, err = udpbatch.Dial(ctx, "127.0.0.1:1", nil)
		assert.Error(t, err)
	}
	_, err := udpbatch.Listen(ended, &udpbatch.Config{Address: "127.0.0.1:0"})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = udpbatch.Listen(t.Context(), nil)
	assert.ErrorContains(t, err, "Address")
}

func TestPortInUseLeavesNothingOpen(t *testing.T) {
	noLeak(t)
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	_, err := udpbatch.Listen(t.Context(), &udpbatch.Config{Address: c.LocalAddr().String()})
	var e *udpbatch.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "listen", e.Op)
	assert.Equal(t, c.LocalAddr().String(), e.Address)
	require.NoError(t, c.Close())
}

func TestRequireAndCapabilitiesOfThePortableWay(t *testing.T) {
	noLeak(t)
	c, err := udpbatch.Listen(t.Context(), udpbatch.Portable(udpbatch.Config{Address: "127.0.0.1:0"}))
	require.NoError(t, err)
	able := c.Capabilities()
	assert.Equal(t, 1, able.Batch)
	assert.Equal(t, 1, able.Segments)
	assert.False(t, able.GSO)
	assert.False(t, able.GRO)
	var names []string
	for _, err := range able.Off {
		var e *udpbatch.Error
		require.ErrorAs(t, err, &e)
		names = append(names, e.Field)
	}
	assert.Equal(t, []string{"Batch", "GSO", "GRO", "PacketInfo", "ECN", "HopLimit"}, names)
	able.Off[0] = nil
	assert.Error(t, c.Capabilities().Off[0], "the caller has a copy")
	require.NoError(t, c.Close())
	for _, config := range []udpbatch.Config{{GSO: udpbatch.Require}, {GRO: udpbatch.Require}} {
		config.Address = "127.0.0.1:0"
		_, err := udpbatch.Listen(t.Context(), udpbatch.Portable(config))
		assert.ErrorContains(t, err, "=require: ")
	}
}

// Several goroutines write, and several read with a Reader each. Nothing gets
// lost or mixed up.
func TestConcurrentUse(t *testing.T) {
	noLeak(t)
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		const writers, readers, batches, size = 4, 3, 60, 5
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), configure(udpbatch.Config{}))
		var mu sync.Mutex
		seen := make(map[[3]byte]int)
		total := 0
		done := make(chan struct{})
		tokens := make(chan struct{}, 10) // so that the socket's buffer holds what is under way
		var group sync.WaitGroup
		read := func(read func([]udpbatch.Message) (int, error)) {
			ms := make([]udpbatch.Message, 7)
			for {
				n, err := read(ms)
				if err != nil {
					assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
					return
				}
				mu.Lock()
				for _, m := range ms[:n] {
					seen[[3]byte(m.Data)]++
					total++
					if total%size == 0 {
						<-tokens
					}
					if total == writers*batches*size {
						close(done)
					}
				}
				mu.Unlock()
			}
		}
		for range readers {
			group.Go(func() { read(in.NewReader().ReadBatch) })
		}
		for w := range writers {
			group.Go(func() {
				for b := range batches {
					ms := make([]udpbatch.Message, size)
					for i := range ms {
						ms[i].Data = []byte{byte(w), byte(b), byte(i), 0}
					}
					tokens <- struct{}{}
					_, err := out.WriteBatch(ms)
					assert.NoError(t, err)
				}
			})
		}
		select {
		case <-done:
		case <-time.After(patience):
			mu.Lock()
			assert.Failf(t, "lost", "%d of %d", total, writers*batches*size)
			mu.Unlock()
			for range cap(tokens) {
				select {
				case <-tokens:
				default:
				}
			}
		}
		require.NoError(t, in.SetReadDeadline(time.Now()))
		group.Wait()
		assert.Len(t, seen, writers*batches*size)
	})
}

func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	e := &udpbatch.Error{Op: "write", Network: "udp4", Address: "127.0.0.1:1", Value: "message 3 of 7 bytes", Err: cause}
	assert.Equal(t, "udpbatch: write udp4 127.0.0.1:1: message 3 of 7 bytes: cause", e.Error())
	assert.ErrorIs(t, e, cause)
	assert.False(t, e.Timeout())
	assert.False(t, e.Temporary())
	e = &udpbatch.Error{Op: "listen", Network: "udp", Address: "x:1", Err: &net.OpError{Op: "listen", Err: syscall.EINTR}}
	assert.Equal(t, "udpbatch: listen udp x:1: interrupted system call", e.Error())
	assert.True(t, e.Temporary())
	assert.Equal(t, "off", udpbatch.Off.String())
}

// All methods at the same time, for the race detector.
func TestConcurrentMethods(t *testing.T) {
	noLeak(t)
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		c := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		to := addrOf(c)
		var group sync.WaitGroup
		for range 50 {
			for _, f := range []func(){
				func() { c.ReadBatch(make([]udpbatch.Message, 3)) },
				func() { c.NewReader().ReadBatch(make([]udpbatch.Message, 3)) },
				func() { c.ReadFrom(make([]byte, 3)) },
				func() { c.WriteBatch(patterns(to, []int{3, 3, 3, 1})) },
				func() { c.WriteTo([]byte("x"), c.LocalAddr()) },
				func() { c.WriteToUDPAddrPort([]byte("x"), to) },
				func() { c.SetDeadline(time.Now().Add(time.Millisecond)) },
				func() { c.SetReadDeadline(time.Now()) },
				func() { c.SetWriteDeadline(time.Time{}) },
				func() { c.Capabilities(); c.RemoteAddr(); c.SyscallConn() },
			} {
				group.Go(f)
			}
		}
		// The last deadline set may be none, so that readers wait for Close.
		time.AfterFunc(50*time.Millisecond, func() { c.Close() })
		group.Wait()
	})
}

func TestWriteDeadlineInThePast(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		c := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
		n, err := c.WriteBatch(patterns(addrOf(c), []int{3, 3}))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Zero(t, n)
		_, err = c.WriteTo([]byte("x"), c.LocalAddr())
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, c.SetWriteDeadline(time.Time{}))
		_, err = c.WriteBatch(patterns(addrOf(c), []int{3, 3}))
		require.NoError(t, err)
		expect(t, c, []int{3, 3}, nil)
	})
}

// A Message that was received can be sent on as it is, from the memory of the
// Reader.
func TestForward(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		client := dial(t, in.LocalAddr().String(), configure(udpbatch.Config{}))
		for _, sizes := range [][]int{repeat(50, 100), {1, 2, 0, 7, 7}, {1000, 1000, 10}} {
			_, err := client.WriteBatch(patterns(netip.AddrPort{}, sizes))
			require.NoError(t, err)
			ms := make([]udpbatch.Message, 64)
			for left := len(sizes); left > 0; {
				n, err := in.ReadBatch(ms)
				require.NoError(t, err)
				_, err = in.WriteBatch(ms[:n])
				require.NoError(t, err)
				left -= n
			}
			expect(t, client, sizes, nil)
		}
	})
}
