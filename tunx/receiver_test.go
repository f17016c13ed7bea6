package tunx_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// receiver is a PacketResponseReceiver and nothing more.
type receiver struct {
	got    chan string
	from   chan net.Addr
	closed chan struct{}
	once   sync.Once
}

func newReceiver() *receiver {
	return &receiver{make(chan string, 100), make(chan net.Addr, 100), make(chan struct{}), sync.Once{}}
}

func (r *receiver) WriteFrom(p []byte, source net.Addr) (int, error) {
	select {
	case <-r.closed:
		return 0, tunx.ErrClosed
	default:
	}
	r.got <- string(p)
	r.from <- source
	return len(p), nil
}

func (r *receiver) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

func (r *receiver) next(t *testing.T) string {
	t.Helper()
	select {
	case got := <-r.got:
		return got
	case <-time.After(patience):
		require.Fail(t, "no answer")
		return ""
	}
}
