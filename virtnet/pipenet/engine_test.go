package pipenet_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

// A late notifier has an acceptance when the caller's time is over.
type late struct {
	virtnet.Notifier
	end    func()
	accept *virtnet.Accept
	far    net.Conn
}

func (l *late) VNetAccept(_ context.Context, _, _ *virtnet.Addr, far net.Conn) (*virtnet.Accept, error) {
	l.end()
	l.far = far
	return l.accept, nil
}

// Whoever accepts a conn whose dial has ended meanwhile does not get it.
func TestDialEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := &late{end: cancel, accept: &virtnet.Accept{Addr: &virtnet.Addr{}, Ack: make(chan error, 1)}}
	c, a, err := pipenet.NewEngine(l).VNetDial(ctx, &virtnet.Addr{}, &virtnet.Addr{}, "")
	assert.Nil(t, c)
	assert.Nil(t, a)
	assert.Equal(t, context.Canceled, err)
	assert.Equal(t, context.Canceled, <-l.accept.Ack)
	_, err = l.far.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}
