package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// FastOpened reports whether data went with the SYN of the conn, and the server took it there: a round trip was saved
// (TCP Fast Open, RFC 7413). A conn with a method NetConn, such as *tls.Conn, answers for the one below it. Elsewhere
// than on Linux, and for a conn without a socket, the error is errors.ErrUnsupported.
func FastOpened(c net.Conn) (bool, error) {
	for {
		upper, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = upper.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return false, fmt.Errorf("dialer: %T has no socket: %w", c, errors.ErrUnsupported)
	}
	m, err := sockopt.TCPInfo(s)
	if err != nil {
		return false, err
	}
	return m.FastOpen, nil
}

// preferFast is what a dial with data adds to the options. It is no error where the kernel or its sysctl refuses.
var preferFast = sockopt.Options{sockopt.Prefer(sockopt.TCPFastOpenConnect.Value(true))}

// prepareFast decides about TCP Fast Open. An option in the Config decides for all dials, also those without data.
func (p *plan) prepareFast(o sockopt.Options, mptcp bool) {
	if protocol, _ := split(p.network); protocol != "tcp" {
		return
	}
	p.fastAlways = fastOpens(o)
	p.fastData = !mptcp && sockopt.TCPFastOpenConnect.Info().Supported && !slices.ContainsFunc(o, isFastOpen)
}

// fastOpens reports whether the options put the connect off.
func fastOpens(o sockopt.Options) bool {
	return slices.ContainsFunc(o, func(opt sockopt.Option) bool { return isFastOpen(opt) && opt.ValueText() != "false" })
}

// isFastOpen takes the option in the form of sockopt.Raw too.
func isFastOpen(opt sockopt.Option) bool {
	i, want := opt.Info(), sockopt.TCPFastOpenConnect.Info()
	return want.Supported && i.Level == want.Level && i.Number == want.Number
}

// defers reports whether the connect of a dial with the data may be put off.
func (p *plan) defers(data []byte) bool { return p.fastAlways || p.fastData && len(data) > 0 }

// attemptFast is attempt for a socket with TCP_FASTOPEN_CONNECT.
func (p *plan) attemptFast(ctx context.Context, t target) (net.Conn, int, *Error) {
	if p.net.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.net.Timeout)
		defer cancel()
	}
	conn, err := p.open(ctx, t, !p.fastAlways)
	if err != nil {
		return nil, 0, p.blame(t, err)
	}
	sent, err := establish(ctx, conn, t.data)
	if err != nil {
		conn.Close()
		return nil, 0, p.blame(t, err)
	}
	return p.finish(ctx, t, conn, sent)
}

// fastControl adds the option to those of the Config.
func (p *plan) fastControl(network, address string, c syscall.RawConn) error {
	if err := preferFast.Control(network, address, c); err != nil || p.net.Control == nil {
		return err
	}
	return p.net.Control(network, address, c)
}
