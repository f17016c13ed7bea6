package tlsx

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"sync"
)

// staplers are those of a [Source]: one for each certificate whose responses
// are fetched. One goroutine at a time uses them.
type staplers struct {
	config *Config
	client *http.Client
	tell   func(error)

	group   sync.WaitGroup
	running map[string]*runningStapler // by field and leaf
}

// stapled are the staplers of the certificates of one generation, which others
// must not lose when the next one comes. They are found by where the leaf is in
// memory, which copies of a tls.Certificate share: nothing is hashed in a
// handshake. It never changes.
type stapled map[*byte]*stapler

type runningStapler struct {
	*stapler

	cancel context.CancelFunc
}

// newStaplers returns a set that runs nothing yet. tell is called with an
// *Error for each failure to fetch, from several goroutines; it must not call
// the set.
func newStaplers(c *Config, tell func(error)) *staplers {
	return &staplers{config: c, client: newOCSPClient(), tell: tell, running: map[string]*runningStapler{}}
}

// follow takes the certificates that c.load returned. Those that were there
// before keep their stapler and its response; for those that are gone nothing is
// fetched any more. After an error all is as it was. It starts goroutines that end
// with ctx, or in close.
func (s *staplers) follow(ctx context.Context, certs []tls.Certificate) (stapled, error) {
	var p problems
	next := map[string]*runningStapler{}
	found := stapled{}
	offers := map[*stapler][]byte{} // responses to certificates that were there before
	for i := range certs {
		if !s.config.Certificates[i].OCSP.Fetch {
			continue
		}
		leaf := certs[i].Certificate[0]
		at := certificateAt(i) + ".OCSP.Fetch"
		r := s.running[at+string(leaf)]
		if r != nil {
			offers[r.stapler] = certs[i].OCSPStaple
		} else {
			var err error
			if r, err = s.start(ctx, i, at, &certs[i]); err != nil {
				p.add("load", at, "true", err)
				continue
			}
		}
		next[at+string(leaf)] = r
		found[&leaf[0]] = r.stapler
	}
	if err := errors.Join(p...); err != nil {
		cancelBut(next, s.running)
		return nil, err
	}
	for one, response := range offers {
		one.offer(response)
	}
	cancelBut(s.running, next)
	s.running = next
	return found, nil
}

// cancelBut ends those of list that are not in kept.
func cancelBut(list, kept map[string]*runningStapler) {
	for key, r := range list {
		if kept[key] == nil {
			r.cancel()
		}
	}
}

func (s *staplers) start(ctx context.Context, i int, at string, cert *tls.Certificate) (*runningStapler, error) {
	tell := func(err error) { s.tell(&Error{Op: "load", Field: at, Value: "true", Err: err}) }
	one, err := newStapler(&s.config.Certificates[i].OCSP, cert, s.client, s.config.now, tell)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s.group.Go(func() { one.run(ctx) })
	return &runningStapler{stapler: one, cancel: cancel}, nil
}

// add returns cert with what is to be stapled now; cert itself if its responses
// are not fetched. It never changes cert.
func (s stapled) add(cert *tls.Certificate) *tls.Certificate {
	if len(cert.Certificate) == 0 {
		return cert
	}
	one := s[&cert.Certificate[0][0]]
	if one == nil {
		return cert
	}
	c := *cert
	c.OCSPStaple = one.staple()
	return &c
}

// close ends all that runs, and waits for it. What is stapled goes on with what is
// there.
func (s *staplers) close() {
	for _, r := range s.running {
		r.cancel()
	}
	s.group.Wait()
}
