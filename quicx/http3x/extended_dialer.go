package http3x

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// DefaultExtendedIdleTimeout is how long an [ExtendedDialer] keeps a QUIC conn
// that has no stream.
const DefaultExtendedIdleTimeout = 30 * time.Second

// ExtendedDialer opens extended CONNECT streams. An [http3.Transport] keeps its
// conns to itself, so these are others: one for each authority, shared by all
// streams to it, dialled again when it is gone, and closed when it has had no
// stream for a while. It is safe for concurrent use.
type ExtendedDialer struct {
	transport *http3.Transport
	tls       *tls.Config
	quic      *quic.Config
	idle      time.Duration
	ctx       context.Context // of the dials
	cancel    context.CancelFunc
	dials     sync.WaitGroup

	mu     sync.Mutex
	peers  map[string]*extendedPeer   // by authority: those that are open to new streams
	conns  map[*extendedPeer]struct{} // those that have a conn
	closed bool
}

// NewExtendedDialer returns a dialer with the Dial and the configs of a
// transport as they are now; one without a Dial is an error, NewTransport sets
// it. An idle time of 0 means DefaultExtendedIdleTimeout, a negative one is an
// error. The dialer must be closed.
func NewExtendedDialer(t *http3.Transport, idle time.Duration) (*ExtendedDialer, error) {
	if t == nil {
		return nil, configError("transport", "nil", errors.New("must be set"))
	}
	d := &ExtendedDialer{
		transport: t, idle: idle, tls: &tls.Config{MinVersion: tls.VersionTLS13}, quic: &quic.Config{KeepAlivePeriod: 10 * time.Second, EnableDatagrams: t.EnableDatagrams},
		peers: map[string]*extendedPeer{}, conns: map[*extendedPeer]struct{}{},
	}
	if t.TLSClientConfig != nil {
		d.tls = t.TLSClientConfig.Clone()
	}
	if t.QUICConfig != nil {
		d.quic = t.QUICConfig.Clone()
	}
	if err := d.validate(); err != nil {
		return nil, err
	}
	d.idle = cmp.Or(idle, DefaultExtendedIdleTimeout)
	d.tls.NextProtos = []string{http3.NextProtoH3}
	if d.quic.MaxIncomingStreams == 0 {
		d.quic.MaxIncomingStreams = -1 // a server of HTTP/3 opens none
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d, nil
}

func (d *ExtendedDialer) validate() error {
	var p problems
	if d.transport.Dial == nil {
		p.add("transport.Dial", "nil", errors.New("must be set, as NewTransport does"))
	}
	if d.transport.EnableDatagrams && !d.quic.EnableDatagrams {
		p.add("transport.QUICConfig.EnableDatagrams", "false", errors.New("must be set, as transport.EnableDatagrams is"))
	}
	notNegative(&p, "idle", d.idle)
	return p.err()
}

// Dial opens a stream for a request, see [NewExtendedRequest], and waits for the
// response as [OpenExtended] does. The context of the request is for that only.
// A conn that has died, or that the server has sent a GOAWAY on, is replaced.
func (d *ExtendedDialer) Dial(r *http.Request) (*ExtendedConn, *http.Response, error) {
	if ExtendedProtocol(r) == "" || r.URL == nil || r.URL.Host == "" {
		return nil, nil, configError("request", r.Method+" "+r.Proto, errNotExtended)
	}
	for {
		p, fresh, err := d.peer(r)
		if err != nil {
			return nil, nil, extendedError(r, err)
		}
		stream, err := openExtended(p.conn, r)
		if err == nil {
			return d.connect(p, stream, r)
		}
		_, unusable := errors.AsType[*unusableError](err)
		if unusable {
			d.forget(p)
		}
		d.drop(p)
		if !unusable || fresh {
			return nil, nil, extendedError(r, err)
		}
	}
}

func (d *ExtendedDialer) connect(p *extendedPeer, stream *http3.RequestStream, r *http.Request) (*ExtendedConn, *http.Response, error) {
	c, response, err := connectExtended(p.conn, stream, r)
	if err != nil {
		d.drop(p)
		return nil, response, err
	}
	c.release = func() { d.drop(p) }
	return c, response, nil
}

// Close closes the conns, with the streams on them.
func (d *ExtendedDialer) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.dials.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := range d.conns {
		d.stop(p)
	}
	return nil
}
