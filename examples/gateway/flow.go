package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// drainQuiet is how long nothing must move for a session to be over while the
// gateway drains.
var drainQuiet = 500 * time.Millisecond

// A flow forwards datagrams between a session and its upstream. It takes two
// goroutines, and a buffer only while there is a datagram in it.
type flow struct {
	client, server net.Conn
	start          time.Time
	active         atomic.Int64 // when a datagram last moved, in nanoseconds since start
	sent, received tally        // to and from the server
	done           chan struct{}
}

func newFlow(client, server net.Conn) *flow {
	return &flow{client: client, server: server, start: time.Now(), done: make(chan struct{})}
}

// run forwards until the session ends, and closes both conns. It ends the
// session when ctx is done, and when it is quiet after settle is. It returns why
// the session ended.
func (f *flow) run(ctx, settle context.Context) error {
	defer context.AfterFunc(ctx, func() { f.client.Close() })()
	quiet := make(chan struct{})
	stop := context.AfterFunc(settle, func() {
		defer close(quiet)
		f.endWhenQuiet()
	})
	defer func() {
		close(f.done)
		if !stop() {
			<-quiet
		}
	}()
	var back sync.WaitGroup
	back.Go(func() {
		f.answer()
		f.client.Close()
	})
	_, err := f.client.(io.WriterTo).WriteTo(outlet{f, f.server, &f.sent})
	f.server.Close()
	back.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// answer forwards what the upstream sends, until its conn is closed.
func (f *flow) answer() {
	r := newReceiver(f.server)
	out := outlet{f, f.client, &f.received}
	for {
		err := r.receive(out)
		if err != nil && !unreached(err) {
			return
		}
	}
}

// endWhenQuiet ends the session when nothing moves any more.
func (f *flow) endWhenQuiet() {
	for {
		quiet := time.Since(f.start) - time.Duration(f.active.Load())
		if quiet >= drainQuiet {
			f.client.Close()
			return
		}
		select {
		case <-time.After(drainQuiet - quiet):
		case <-f.done:
			return
		}
	}
}

// outlet sends datagrams of a flow. One that cannot be sent is lost, as it could
// be on the way: that is no reason to end the session.
type outlet struct {
	flow  *flow
	dst   net.Conn
	tally *tally
}

// Write sends one datagram.
func (w outlet) Write(b []byte) (int, error) {
	w.flow.active.Store(int64(time.Since(w.flow.start)))
	n, err := w.dst.Write(b)
	switch {
	case err == nil:
		w.tally.datagrams.Add(1)
		w.tally.bytes.Add(int64(n))
	case errors.Is(err, net.ErrClosed):
		return n, err
	default:
		w.tally.lost.Add(1)
	}
	return len(b), nil
}

// A tally counts one direction.
type tally struct{ datagrams, bytes, lost atomic.Int64 }

// String returns the counts for the log.
func (t *tally) String() string {
	return fmt.Sprintf("%d datagrams, %d bytes, %d lost", t.datagrams.Load(), t.bytes.Load(), t.lost.Load())
}

// unreached says whether an error of a connected UDP socket tells of an earlier
// datagram that did not get there. The upstream may be back for the next one.
func unreached(err error) bool {
	return slices.ContainsFunc(unreachedErrors, func(e error) bool { return errors.Is(err, e) })
}
