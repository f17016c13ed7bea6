package pcap

import (
	"io"
	"sync"
	"time"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/segment"
)

// A Capture writes what passes through a device. A goroutine does it, which ends with the
// device or with Close. Its methods may be called at the same time.
type Capture struct {
	config Config
	w      io.Writer
	done   chan struct{}

	mu      sync.Mutex
	more    sync.Cond
	pending block // what the goroutine is to write next
	spare   []byte
	whole   []byte // a packet that is being cut up
	stats   Stats
	missing uint64 // packets dropped since the last one
	closed  bool
	err     error
}

// Stats counts packets since the beginning.
type Stats struct {
	// Packets have been captured. Segments count each.
	Packets uint64
	// Dropped have not, because the writer was too slow, or has failed.
	Dropped uint64
	// Bytes have been captured, as long as the packets were.
	Bytes uint64
}

// Stats returns the counters.
func (c *Capture) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Close ends the capture, while the device goes on, and waits until all of it is written.
// It returns what the writer has failed with, as an [Error]. A second Close returns the
// same. The writer is not closed.
func (c *Capture) Close() error {
	c.end()
	<-c.done
	return c.err
}

// end is Close without waiting for the writer.
func (c *Capture) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.more.Signal()
}

func newCapture(w io.Writer, config Config) (*Capture, error) {
	c := &Capture{config: config, w: w, done: make(chan struct{})}
	c.more.L = &c.mu
	c.pending.header(config.Name, config.SnapLen)
	if _, err := w.Write(c.pending.bytes); err != nil {
		return nil, &Error{Op: "write", Err: err}
	}
	c.pending.bytes = c.pending.bytes[:0]
	go c.run()
	return c, nil
}

// run writes what is pending, until the end.
func (c *Capture) run() {
	defer close(c.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed || len(c.pending.bytes) > 0 {
		if len(c.pending.bytes) == 0 {
			c.more.Wait()
			continue
		}
		c.write()
	}
	c.pending.statistics(time.Now(), c.stats.Packets+c.stats.Dropped, c.stats.Dropped)
	c.write()
	c.pending.bytes, c.spare, c.whole = nil, nil, nil // the device may live on
}

// write swaps the buffers and writes the full one without holding the lock.
func (c *Capture) write() {
	out := c.pending.bytes
	c.pending.bytes, c.spare = c.spare[:0], nil
	if c.err == nil {
		c.mu.Unlock()
		_, err := c.w.Write(out)
		c.mu.Lock()
		if err != nil {
			c.err = &Error{Op: "write", Err: err}
		}
	}
	c.spare = out
}

// How a packet passed the device: the flags of a packet in the file.
const (
	inbound  = 1 // was read
	outbound = 2 // was written
)

// passed captures a packet that is made of the parts and passed at that time.
func (c *Capture) passed(at time.Time, flags uint32, queue, length int, o tunx.Offload, parts ...[]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if c.config.Segments && (o.Segment != 0 || o.NeedsChecksum) {
		c.whole = c.whole[:0]
		for _, p := range parts {
			c.whole = append(c.whole, p...)
		}
		c.cut(at, flags, queue, c.whole, segment.Offload(o))
		return
	}
	c.add(at, flags, queue, length, parts...)
}

// cut captures the packets that p stands for, or p when that is not right.
func (c *Capture) cut(at time.Time, flags uint32, queue int, p []byte, o segment.Offload) {
	switch {
	case o.Check(p, len(p)) != nil:
		c.add(at, flags, queue, len(p), p)
	case o.Segment == 0:
		o.Finish(p)
		c.add(at, flags, queue, len(p), p)
	default:
		var cutter segment.Cutter
		cutter.Reset(p, o)
		for out := make([]byte, int(o.HeaderLen)+int(o.Segment)); cutter.More(); {
			n := cutter.Next(out)
			c.add(at, flags, queue, n, out[:n])
		}
	}
}

// add captures one packet, or counts it when there is no room for it.
func (c *Capture) add(at time.Time, flags uint32, queue, length int, parts ...[]byte) {
	kept := min(length, c.config.SnapLen)
	if c.err != nil || len(c.pending.bytes)+kept+packetOverhead > c.config.Buffer {
		c.stats.Dropped++
		c.missing++
		return
	}
	c.pending.packet(at, kept, length)
	rest := kept
	for _, p := range parts {
		n := min(len(p), rest)
		c.pending.bytes = append(c.pending.bytes, p[:n]...)
		rest -= n
	}
	c.pending.endPacket(flags, queue, c.missing)
	c.missing = 0
	c.stats.Packets++
	c.stats.Bytes += uint64(length)
	c.more.Signal()
}
