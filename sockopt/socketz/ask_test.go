package socketz_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// A handshake that stalls holds nobody up: what is known is shown.
func TestStalledHandshake(t *testing.T) {
	noLeak(t)
	var r socketz.Registry
	client, server := connect(t, plainTCP(t))
	secure := tls.Server(server, &tls.Config{})
	done := make(chan error, 1)
	go func() { done <- secure.HandshakeContext(context.Background()) }()
	t.Cleanup(func() {
		client.Close()
		require.Error(t, <-done)
	})
	_, err := client.Write([]byte{22, 3, 1, 0}) // half of a record's header
	require.NoError(t, err)
	add(t, &r, socketz.Socket{Name: "x", Conn: secure})
	stuck := []string{"tls: has not answered an earlier question yet"}
	hasty(func() {
		require.Eventually(t, func() bool { // once the handshake has begun
			s := only(t, &r)
			return s.Remote == client.LocalAddr().String() && s.TLS == nil && slices.Equal(stuck, s.Notes)
		}, eventually, time.Millisecond)
	})
	assert.Equal(t, stuck, only(t, &r).Notes)
	assert.Contains(t, html(t, &r, ""), "has not answered")
}

// Conns whose methods block cost a page some time, and bounded goroutines, until they answer.
func TestBlockedConns(t *testing.T) {
	noLeak(t)
	var r socketz.Registry
	block := make(chan struct{})
	answer := sync.OnceFunc(func() { close(block) })
	t.Cleanup(answer)
	conns := make([]*fake, 200)
	for i := range conns {
		conns[i] = &fake{remote: textAddr("there"), block: block}
		add(t, &r, socketz.Socket{Name: "x", Conn: conns[i]})
	}
	_, server := connect(t, plainTCP(t))
	var d *document
	hasty(func() { d = look(t, &r, "limit=1000&sort=peer") })
	require.Len(t, d.Conns, 200)
	notes := map[string]int{}
	for _, c := range d.Conns {
		require.Len(t, c.Notes, 1)
		notes[c.Notes[0]]++
	}
	assert.Positive(t, notes["socket: not asked: too many others do not answer"], "%v", notes)
	answer()
	add(t, &r, socketz.Socket{Name: "y", Conn: server})
	require.Eventually(t, func() bool {
		d := look(t, &r, "limit=1000")
		for _, c := range d.Conns {
			if len(c.Notes) > 0 || c.Remote == "" {
				return false
			}
		}
		return len(d.Conns) == 201
	}, eventually, 10*time.Millisecond)
}

// Those who look at the same time see the same: a question that somebody else asks is not one without an answer.
func TestManyLookAtOnce(t *testing.T) {
	noLeak(t)
	const conns, looks = 20, 100
	var r socketz.Registry
	for range conns {
		add(t, &r, socketz.Socket{Conn: &fake{remote: textAddr("there")}, Counters: func(any) any { return 1 }})
	}
	r.Counters("all", func() any { return 1 })
	h := r.Handler(nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range looks {
				text := request(t, h, "/?format=json").Body.String()
				if !assert.NotContains(t, text, `"note`) || !assert.Equal(t, conns, strings.Count(text, `"remote":"there"`)) {
					return
				}
			}
		})
	}
	group.Wait()
}

// What a program tells of its conns may fail in every way.
func TestFailingFunctions(t *testing.T) {
	var r socketz.Registry
	conn := &fake{}
	add(t, &r, socketz.Socket{
		Conn:     conn,
		TLS:      func(any) *tls.ConnectionState { panic(fmt.Errorf("no tls")) },
		Counters: func(any) any { return make(chan int) },
	})
	assert.Equal(t, []string{"tls: panic: no tls", "counters: json: unsupported type: chan int"}, only(t, &r).Notes)
	add(t, &r, socketz.Socket{Name: "p", Conn: &struct{ net.Conn }{}, Counters: func(any) any { panic("no counters") }})
	d := look(t, &r, "name=p")
	require.Len(t, d.Conns, 1)
	require.Len(t, d.Conns[0].Notes, 1)
	assert.Contains(t, d.Conns[0].Notes[0], "socket: panic: runtime error")
	add(t, &r, socketz.Socket{Name: "q", Conn: conn, Counters: func(any) any { panic("no counters") }})
	assert.Equal(t, []string{"counters: panic: no counters"}, look(t, &r, "name=q").Conns[0].Notes)
}

// A conn without a descriptor can tell its end by its context.
type withContext struct {
	*fake

	ctx context.Context
}

func (c *withContext) Context() context.Context { return c.ctx }

func TestContextTellsTheEnd(t *testing.T) {
	var r socketz.Registry
	ctx, cancel := context.WithCancel(t.Context())
	add(t, &r, socketz.Socket{Conn: &withContext{&fake{}, ctx}})
	require.Len(t, look(t, &r, "").Conns, 1)
	cancel()
	require.Empty(t, look(t, &r, "").Conns)
}

// A chain of conns that never ends is followed for a while only.
type endless struct{ net.Conn }

func (e *endless) NetConn() net.Conn { return e }

func (*endless) LocalAddr() net.Addr { return nil }

func (*endless) RemoteAddr() net.Addr { return nil }

func TestEndlessChain(t *testing.T) {
	var r socketz.Registry
	add(t, &r, socketz.Socket{Name: "e", Conn: &endless{}})
	assert.Equal(t, "e", only(t, &r).Name)
}

// Options of what has no descriptor are shown as they were asked for.
func TestUnreadOptions(t *testing.T) {
	var r socketz.Registry
	conn := &fake{}
	add(t, &r, socketz.Socket{Name: "x", Conn: conn, Options: sockopt.Options{sockopt.KeepAlive.Value(true)}})
	assert.Contains(t, html(t, &r, ""), `class="soft">1 not read</a>`)
}
