//go:build !linux

package netstack

import (
	"errors"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// rawPeer is a peer that needs no buffer to be waited for, which is Linux's.
type rawPeer struct{}

func newRawPeer(any) *rawPeer { return nil }

func (*rawPeer) moveUp(tcpip.Endpoint, func(int)) error   { return errors.ErrUnsupported }
func (*rawPeer) moveDown(tcpip.Endpoint, func(int)) error { return errors.ErrUnsupported }

func (*Splice) moveUpRaw() error   { return errors.ErrUnsupported }
func (*Splice) moveDownRaw() error { return errors.ErrUnsupported }
