package tlsx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Source is a config that follows its files. It is safe for concurrent use.
//
// A change is taken as a whole or not at all: one file that is wrong, missing
// or does not fit the others keeps all that was there before in use, until the
// files are whole again. What was taken once and is the same may have become
// outdated since: it keeps nothing else from being taken. Conns that are open
// stay as they are.
type Source struct {
	cfg      *Config
	config   *tls.Config
	now      atomic.Pointer[generation]
	named    []named
	watch    *watch
	staplers *staplers

	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{} // closed when run has returned
	demands  chan chan<- error
	failures chan error // of staplers

	seen, used []digest // of what was last looked at, and taken; only run uses them

	mu               sync.Mutex
	err, unwatchable error
}

// generation is what the files said at one moment.
type generation struct {
	config   *tls.Config            // as New would return it
	sessions tls.ClientSessionCache // of Source.config, or nil
	server   *tls.Config            // what servers use instead of Source.config, or nil
	verifier *verifier
	material *material
	leaves   []*x509.Certificate
	expiry   time.Time
}

// NewSource reads what cfg names, as New does, and follows it until ctx ends or
// Close: by watching the folders of the files, and by looking at all files at
// Reload.Interval. Watching needs Linux, Windows, macOS, a BSD or illumos. Where
// it is not possible, Err and OnReload say so, with [errors.ErrUnsupported] or
// the system's reason; with a negative Interval NewSource fails for it.
func NewSource(ctx context.Context, cfg *Config) (*Source, error) {
	c, err := prepare(cfg, true)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Op: "load", Err: err}
	}
	s := &Source{
		cfg: c, named: c.named(), watch: newWatch(),
		done: make(chan struct{}), demands: make(chan chan<- error), failures: make(chan error),
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.staplers = newStaplers(c, s.fail)
	if err := s.start(); err != nil {
		s.stop()
		return nil, err
	}
	go s.run()
	return s, nil
}

// start makes the first generation. The files are watched before they are read:
// no change goes unseen.
func (s *Source) start() error {
	s.unwatchable = s.watch.follow(s.named)
	if s.unwatchable != nil && s.cfg.Reload.Interval < 0 {
		return s.unwatchable
	}
	s.seen = digests(s.named)
	s.used = s.seen
	g, err := s.load()
	if err == nil {
		s.now.Store(g)
	}
	return err
}

// load returns what the files say, whose certificates are stapled from now on.
func (s *Source) load() (*generation, error) {
	var t *tls.Config
	var fetched stapled
	m, err := s.cfg.load(s.material())
	if err == nil {
		t, err = s.cfg.build(m)
	}
	if err == nil {
		fetched, err = s.staplers.follow(s.ctx, m.certificates)
	}
	if err != nil {
		return nil, err
	}
	fetched.apply(t)
	if s.config == nil {
		s.config = s.follow(t)
	}
	return s.generation(t, m), nil
}

// material is what is in use; nil at the start.
func (s *Source) material() *material {
	if g := s.now.Load(); g != nil {
		return g.material
	}
	return nil
}

// Config returns the config whose certificates, CAs, revocation lists and keys
// follow the files, for listeners and dialers: always the same one. It must not
// be changed; it can be cloned, as net/http does, and NextProtos of a clone can
// be changed.
//
// Where a server's ClientCAs, or Roots, are in files, a server takes only
// NextProtos from a clone: other fields that differ in it have no effect.
//
// Where a client's Roots are in files, crypto/tls cannot verify servers itself:
// the config has InsecureSkipVerify set, and verifies chain and name in its
// VerifyConnection. Then tls.ConnectionState.VerifiedChains is nil, and as
// crypto/tls does not tell a callback which IP address was dialled, a conn by
// address is refused unless Config.ServerName or Peer.Names say what the server
// must be called. Neither limit holds for a config of [Source.Current] for each
// conn, nor where Roots are Text, which stay.
//
// A client's ECH.Configs, and the Roots by which it verifies who refuses them,
// stay as they were at the start. Those of [Source.Current] do not.
func (s *Source) Config() *tls.Config { return s.config }

// Current returns a new config like that of New, of what the files say now: it
// does not follow them. A dialer that takes one for each conn, as in the
// example, follows them and verifies IP addresses. All that it returns while
// trust and certificates stay the same remember sessions together.
func (s *Source) Current() *tls.Config { return s.current().Clone() }

// Err returns why the files as they are now are not in use, or are not watched;
// nil if all is well.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.err, s.unwatchable)
}

// Expiry returns when the first of the certificates in use expires, those that
// lead to the root included; the zero time if there are none.
func (s *Source) Expiry() time.Time { return s.now.Load().expiry }

// Reload reads all files now, and returns nil if what they say is in use. After
// Close it fails with [os.ErrClosed].
func (s *Source) Reload(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case s.demands <- answer:
	case <-s.done:
		return &Error{Op: "reload", Err: os.ErrClosed}
	case <-ctx.Done():
		return &Error{Op: "reload", Err: ctx.Err()}
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return &Error{Op: "reload", Err: ctx.Err()}
	}
}

// Close stops following, and returns when a call of OnReload in progress has.
// The config stays usable as it is. It returns nil, also when called again.
func (s *Source) Close() error {
	s.cancel()
	<-s.done
	return nil
}
