package udpbatch

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/strata-net/strata/listener/internal/cmsg"
	"github.com/strata-net/strata/sockopt"
)

// probe is what a datagram over loopback has shown, for all Conns of the process.
var probe = prober{run: tryOffloads}

// prober runs until something could be sent. Where loopback cannot be used the
// word of setsockopt has to do.
type prober struct {
	run func() offload
	mu  sync.Mutex
	got offload
}

// offload is the result.
type offload struct {
	known    bool
	segments int // that a send can be cut into
	gso, gro error
}

// fewSegments is the number that every kernel with GSO takes (UDP_MAX_SEGMENTS),
// manySegments that of newer ones.
const (
	fewSegments  = 64
	manySegments = 128
)

// probeWait is how long a datagram may take over loopback, which is no time at
// all unless something there drops it.
const probeWait = 500 * time.Millisecond

func (p *prober) result() offload {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.got.known {
		p.got = p.run()
	}
	return p.got
}

func (p *prober) segments() (int, error) {
	o := p.result()
	if o.gso != nil {
		return 1, o.gso
	}
	return o.segments, nil
}

func (p *prober) joins() error { return p.result().gro }

// tryOffloads sends datagrams of one byte together and looks how they come.
func tryOffloads() offload {
	o := offload{segments: fewSegments}
	in, out, err := loopback()
	if err != nil {
		return o
	}
	defer in.Close()
	defer out.Close()
	o.gro = sockopt.UDPGRO.Set(in, true)
	n, err := trySegments(func(n int) error { return sendJoined(out, n) })
	if err != nil {
		o.gso = refusal(err)
		o.known = o.gso != nil
		return o
	}
	o.known, o.segments = true, n
	if joined, err := receiveJoined(in); o.gro == nil && err == nil {
		o.gro = cameAs(n, joined)
	}
	return o
}

// loopback returns two sockets of which the second sends to the first.
func loopback() (in, out *net.UDPConn, err error) {
	in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	out, err = net.DialUDP("udp4", nil, in.LocalAddr().(*net.UDPAddr))
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// trySegments finds the largest number of datagrams that can be sent together.
func trySegments(send func(n int) error) (n int, err error) {
	for _, n = range [...]int{manySegments, fewSegments} {
		if err = send(n); !errors.Is(err, syscall.EINVAL) {
			break
		}
	}
	return n, err
}

// cameAs judges n datagrams that were sent together.
func cameAs(n, joined int) error {
	if joined == n {
		return nil
	}
	return fmt.Errorf("%w: %d datagrams sent together came as %d", errors.ErrUnsupported, n, joined)
}

// refusal returns the error if it is one about GSO, and not about the way.
func refusal(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EIO) || errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%w: sending with UDP_SEGMENT: %w", errors.ErrUnsupported, err)
	}
	return nil
}

// sendJoined sends n datagrams of one byte.
func sendJoined(c *net.UDPConn, n int) error {
	_, _, err := c.WriteMsgUDP(make([]byte, n), cmsg.AppendSegment(nil, 1), nil)
	return err
}

// receiveJoined returns how many datagrams of one byte a read gives.
func receiveJoined(c *net.UDPConn) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(probeWait)); err != nil {
		return 0, err
	}
	b, oob := make([]byte, manySegments), make([]byte, cmsg.Room)
	n, oobn, _, _, err := c.ReadMsgUDPAddrPort(b, oob)
	if err != nil {
		return 0, err
	}
	var i cmsg.Info
	err = cmsg.Parse(oob[:oobn], &i)
	if n > 1 && i.Segment != 1 {
		n = 0 // joined, and no way to tell
	}
	return n, err
}
