package socketz_test

import (
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/socketz"
)

type valueConn struct{ net.Conn }

func TestAddRefusesWhatCannotBeFollowed(t *testing.T) {
	var r socketz.Registry
	for name, test := range map[string]struct {
		conn any
		want string
	}{
		"nil":         {nil, "socketz: add Conn=<nil>: is nil"},
		"nil pointer": {(*net.TCPConn)(nil), "socketz: add Conn=*net.TCPConn: is nil"},
		"value":       {valueConn{}, "socketz: add Conn=socketz_test.valueConn: is not a pointer, so it cannot be followed without keeping it alive"},
		"no size":     {&struct{}{}, "socketz: add Conn=*struct {}: points to nothing that has a size, so its end cannot be seen"},
	} {
		t.Run(name, func(t *testing.T) {
			remove, err := r.Add(socketz.Socket{Conn: test.conn})
			require.EqualError(t, err, test.want)
			var e *socketz.Error
			require.ErrorAs(t, err, &e)
			assert.Error(t, e.Unwrap())
			remove()
			assert.Zero(t, socketz.Count(&r))
		})
	}
}

// A conn that was closed is not shown, also while the program still has it.
func TestClosedConnIsLeftOut(t *testing.T) {
	var r socketz.Registry
	l := plainTCP(t)
	client, server := connect(t, l)
	add(t, &r, socketz.Socket{Name: "a", Conn: server})
	add(t, &r, socketz.Socket{Name: "b", Role: socketz.Dialled, Conn: tls.Client(client, &tls.Config{})})
	require.Len(t, look(t, &r, "").Conns, 2)
	require.NoError(t, server.Close())
	d := look(t, &r, "")
	require.Len(t, d.Conns, 1)
	assert.Equal(t, "b", d.Conns[0].Name)
	assert.Equal(t, 1, socketz.Count(&r), "and forgotten")
	require.NoError(t, client.Close())
	assert.Empty(t, look(t, &r, "").Conns, "beneath TLS too")
	runtime.KeepAlive(server)
}

// What was shown and is not used any more costs nothing, though nobody has looked or removed it.
func TestConnsAreNotKeptAlive(t *testing.T) {
	var r socketz.Registry
	func() {
		l := plainTCP(t)
		for range 100 {
			c, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			s, err := l.Accept()
			require.NoError(t, err)
			for _, conn := range []net.Conn{c, s} {
				_, err = r.Add(socketz.Socket{Conn: conn})
				require.NoError(t, err)
				require.NoError(t, conn.Close())
			}
		}
		for range 10000 {
			_, err := r.Add(socketz.Socket{Conn: &valueConn{}})
			require.NoError(t, err)
		}
		for range 50 { // the caller's own
			add(t, &r, socketz.Socket{Conn: &valueConn{}})
		}
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return socketz.Count(&r) == 50
	}, eventually, time.Millisecond)
}

func TestRemove(t *testing.T) {
	var r socketz.Registry
	conns := make([]*valueConn, 100)
	removes := make([]func(), len(conns))
	for i := range conns {
		conns[i] = &valueConn{}
		removes[i] = add(t, &r, socketz.Socket{Conn: conns[i]})
	}
	for i := 0; i < len(conns); i += 2 { // from the middle of lists, and from their ends
		removes[i]()
		removes[i]()
	}
	require.Equal(t, 50, socketz.Count(&r))
	for _, remove := range removes {
		remove()
	}
	assert.Zero(t, socketz.Count(&r))
	runtime.KeepAlive(conns)
}

// Many add, remove and look at the same time.
func TestConcurrently(t *testing.T) {
	noLeak(t)
	var r socketz.Registry
	var wg sync.WaitGroup
	l := plainTCP(t)
	_, server := connect(t, l)
	for range 4 {
		wg.Go(func() {
			for range 300 {
				remove, err := r.Add(socketz.Socket{Name: "x", Conn: server})
				assert.NoError(t, err)
				forget := r.Counters("c", func() any { return 1 })
				remove()
				forget()
			}
		})
		wg.Go(func() {
			for range 10 {
				look(t, &r, "sort=-rtt")
				html(t, &r, "state=established")
			}
		})
	}
	wg.Wait()
	assert.Empty(t, look(t, &r, "").Conns)
}

func TestCounters(t *testing.T) {
	var r socketz.Registry
	type stats struct {
		Sent int64
		Deep struct{ List []string }
	}
	old := r.Counters("b", func() any { return 1 })
	s := stats{Sent: 7}
	s.Deep.List = []string{"x", "<y>"}
	remove := r.Counters("b", func() any { return s })
	old() // was replaced
	r.Counters("a", func() any { panic("at the disco") })
	r.Counters("c", func() any { return func() {} })
	r.Counters("d", func() any { return make([]int, 1<<17) })
	d := look(t, &r, "")
	require.Len(t, d.Counters, 4)
	assert.Equal(t, "panic: at the disco", d.Counters[0].Note)
	assert.JSONEq(t, `{"Sent":7,"Deep":{"List":["x","<y>"]}}`, string(d.Counters[1].Values))
	assert.Equal(t, "json: unsupported type: func()", d.Counters[2].Note)
	assert.Equal(t, "262145 bytes of JSON, above the bound of 65536", d.Counters[3].Note)
	page := html(t, &r, "")
	assert.Contains(t, page, "<dt>Deep.List[1]</dt><dd>&lt;y&gt;</dd>")
	remove()
	remove()
	assert.Len(t, look(t, &r, "").Counters, 3)
}

// A page shows some figures of many.
func TestManyFigures(t *testing.T) {
	var r socketz.Registry
	r.Counters("many", func() any { return make([]int, 1000) })
	page := html(t, &r, "")
	assert.Contains(t, page, "<dt>[199]</dt>")
	assert.NotContains(t, page, "<dt>[200]</dt>")
	many := map[string]map[string]int{"a": {}}
	for i := range 1000 {
		many["a"][string(rune('a'+i%26))+time.Duration(i).String()] = i
	}
	r.Counters("many", func() any { return many })
	assert.NotContains(t, html(t, &r, ""), "z9")
}

// What it costs an accepted conn to be shown, while nobody looks: compare the two.
func BenchmarkAccept(b *testing.B) {
	for _, shown := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "shown"}[shown], func(b *testing.B) {
			var r socketz.Registry
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			defer l.Close()
			if shown {
				l, err = r.Listener("bench", l, nil)
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				c, err := net.Dial("tcp", l.Addr().String())
				require.NoError(b, err)
				s, err := l.Accept()
				require.NoError(b, err)
				c.Close()
				s.Close()
			}
		})
	}
}

// The objects are as small as a *net.TCPConn.
func BenchmarkAdd(b *testing.B) {
	var r socketz.Registry
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Add(socketz.Socket{Name: "x", Conn: &net.TCPConn{}})
	}
}

// What the functions of a socket lead to is kept until it is removed, and not longer: also if that is the socket itself.
func TestRemovedIsNotKeptAlive(t *testing.T) {
	var r socketz.Registry
	gone := make(chan bool)
	func() {
		conn := &struct {
			net.Conn
			buffer [1 << 16]byte
		}{}
		runtime.AddCleanup(conn, func(c chan bool) { close(c) }, gone)
		remove, err := r.Add(socketz.Socket{Conn: conn, Counters: func(any) any { return conn.buffer[0] }})
		require.NoError(t, err)
		remove()
		remove()
	}()
	assert.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}, 20*time.Second, time.Millisecond)
	assert.Zero(t, socketz.Count(&r))
}
