package tlsx_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

const responderURL = "http://ocsp.example/a/"

// respond is how a responder answers, answering makes one that says good, but for change.
type (
	respond   func(*http.Request, *ocsp.Request) (*http.Response, error)
	answering func(change func(*ocsp.Response)) respond
)

// responder is a fake of the network, for tests in virtual time.
type responder struct {
	mu      sync.Mutex
	answer  respond
	methods []string
	times   []time.Time
}

func (r *responder) RoundTrip(request *http.Request) (*http.Response, error) {
	der, err := question(request)
	if err != nil {
		return nil, err
	}
	asked, err := ocsp.ParseRequest(der)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.methods = append(r.methods, request.Method)
	r.times = append(r.times, time.Now())
	return r.answer(request, asked)
}

// set changes what is answered from now on.
func (r *responder) set(answer respond) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// take returns how long after start the questions came since the last call.
func (r *responder) take(start time.Time) (methods []string, after []time.Duration) {
	synctest.Wait() // what happens at this very moment counts
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.times {
		after = append(after, at.Sub(start))
	}
	methods, r.methods, r.times = r.methods, nil, nil
	return methods, after
}

func question(r *http.Request) ([]byte, error) {
	if r.Method == http.MethodPost {
		if r.Header.Get("Content-Type") != "application/ocsp-request" {
			return nil, errors.New("no OCSP request")
		}
		return io.ReadAll(r.Body)
	}
	text, err := url.PathUnescape(path.Base(r.URL.EscapedPath()))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

func reply(der []byte) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK",
		Header: http.Header{"Content-Type": {"application/ocsp-response; x=y"}}, Body: io.NopCloser(bytes.NewReader(der)),
	}, nil
}

func status(code int) respond {
	return func(*http.Request, *ocsp.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Status: http.StatusText(code), Body: http.NoBody}, nil
	}
}

// bench is a stapler in virtual time.
type bench struct {
	*responder

	ca    *pki.CA
	set   *tlsx.Staplers
	start time.Time

	saying sync.Mutex
	errors []error
}

func (b *bench) tell(err error) {
	b.saying.Lock()
	defer b.saying.Unlock()
	b.errors = append(b.errors, err)
}

// said returns all failures so far.
func (b *bench) said() []error {
	synctest.Wait()
	b.saying.Lock()
	defer b.saying.Unlock()
	return b.errors
}

// inVirtualTime runs a stapler of a certificate that is good for ten years.
func inVirtualTime(t *testing.T, initial func(*ocsp.Response), test func(t *testing.T, b *bench, answer answering)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ca := rootCA(t, nil)
		leaf := certFor(t, ca, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: responderURL, NotAfter: time.Now().AddDate(10, 0, 0)})
		cfg := &tlsx.Config{Certificates: presenting(leaf)}
		cfg.Certificates[0].OCSP = tlsx.OCSP{Fetch: true, Issuer: tlsx.Text(string(ca.PEM()))}
		if initial != nil {
			cfg.Certificates[0].OCSP.Response = tlsx.Text(string(answer(t, ca, leaf.Leaf().SerialNumber, initial)))
		}
		b := &bench{responder: &responder{}, ca: ca, start: time.Now()}
		reply := func(change func(*ocsp.Response)) respond {
			return func(_ *http.Request, asked *ocsp.Request) (*http.Response, error) {
				return reply(answer(t, ca, asked.SerialNumber, func(r *ocsp.Response) {
					r.ThisUpdate, r.NextUpdate = time.Now(), time.Now().Add(100*time.Hour)
					if change != nil {
						change(r)
					}
				}))
			}
		}
		b.responder.set(reply(nil))
		var err error
		b.set, err = tlsx.NewStaplers(cfg, &http.Client{Transport: b.responder}, b.tell)
		require.NoError(t, err)
		require.NoError(t, b.set.Follow(t.Context()))
		defer b.set.Close()
		synctest.Wait()
		test(t, b, reply)
	})
}

// staple returns what is stapled now, nil for nothing.
func (b *bench) staple(t *testing.T) *ocsp.Response {
	t.Helper()
	synctest.Wait()
	der := b.set.Add(&b.set.Certs[0]).OCSPStaple
	if der == nil {
		return nil
	}
	r, err := ocsp.ParseResponse(der, nil)
	require.NoError(t, err)
	return r
}

func TestStaplerRefreshes(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, _ answering) {
		require.NotNil(t, b.staple(t))
		time.Sleep(151 * time.Hour)
		methods, after := b.take(b.start)
		assert.Equal(t, []string{"GET", "GET", "GET", "GET"}, methods)
		assert.Equal(t, []time.Duration{0, 50 * time.Hour, 100 * time.Hour, 150 * time.Hour}, after, "at half of the time")
		assert.WithinDuration(t, b.start.Add(250*time.Hour), b.staple(t).NextUpdate, time.Second)
		assert.Empty(t, b.said())
	})
}

func TestStaplerRetries(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		b.take(b.start)
		b.responder.set(status(http.StatusServiceUnavailable))
		time.Sleep(52 * time.Hour)
		methods, after := b.take(b.start.Add(50 * time.Hour))
		assert.Equal(t, []string{"GET", "POST"}, methods[:2])
		var gets []time.Duration
		for i := 0; i < len(after); i += 2 {
			gets = append(gets, after[i])
		}
		unit := 30 * time.Second
		assert.Equal(t, []time.Duration{0, unit, 3 * unit, 7 * unit, 15 * unit, 31 * unit, 63 * unit, 127 * unit}, gets)
		require.Len(t, b.said(), len(gets))
		var e *tlsx.Error
		require.ErrorAs(t, b.said()[0], &e)
		assert.Equal(t, "Certificates[0].OCSP.Fetch", e.Field)
		assert.ErrorContains(t, e, "GET "+responderURL+": the responder answered Service Unavailable")
		assert.ErrorContains(t, e, "POST "+responderURL+": the responder answered Service Unavailable")
		require.NotNil(t, b.staple(t), "the old one is kept")

		time.Sleep(47*time.Hour + 30*time.Minute)
		require.NotNil(t, b.staple(t))
		time.Sleep(31 * time.Minute)
		assert.Nil(t, b.staple(t), "100 hours are over")
		b.responder.set(good(nil))
		time.Sleep(time.Hour)
		require.NotNil(t, b.staple(t), "an hour at most")
		b.take(b.start)
		b.responder.set(status(http.StatusNotFound))
		now := time.Now()
		time.Sleep(51 * time.Hour)
		_, after = b.take(now)
		assert.Equal(t, 30*time.Second, after[2]-after[0], "the first wait again")
	})
}

func TestStaplerRevoked(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		require.NotNil(t, b.staple(t))
		b.take(b.start)
		b.responder.set(good(revokedResponse))
		time.Sleep(50*time.Hour + time.Second)
		assert.Nil(t, b.staple(t), "the old one would hide it")
		methods, _ := b.take(b.start)
		assert.Equal(t, []string{"GET"}, methods, "an answer is an answer")
		var revoked *tlsx.RevokedError
		require.Len(t, b.said(), 1)
		assert.ErrorAs(t, b.said()[0], &revoked)
	})
}

func TestStaplerUnknownKeepsOld(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		b.responder.set(good(func(r *ocsp.Response) { r.Status = ocsp.Unknown }))
		time.Sleep(50*time.Hour + time.Second)
		assert.NotNil(t, b.staple(t))
		assert.Len(t, b.said(), 1)
	})
}

// TestStaplerOld has a responder whose answers were made long ago, and caches
// with older ones.
func TestStaplerOld(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		first := b.staple(t)
		b.take(b.start)
		b.responder.set(good(func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = first.ThisUpdate.Add(-time.Hour), first.NextUpdate.Add(-time.Hour)
		}))
		time.Sleep(76 * time.Hour)
		_, after := b.take(b.start)
		// Half of what is left each time, as there is nothing newer.
		assert.Equal(t, []time.Duration{50 * time.Hour, 75 * time.Hour}, after)
		assert.Equal(t, first.ThisUpdate, b.staple(t).ThisUpdate)
		assert.Empty(t, b.said())
	})
}

func TestStaplerShort(t *testing.T) {
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		b.responder.set(good(func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = time.Now().Add(-time.Hour), time.Now().Add(5*time.Second)
		}))
		time.Sleep(50 * time.Hour)
		b.take(b.start)
		now := time.Now()
		time.Sleep(time.Minute + time.Second)
		_, after := b.take(now)
		assert.Equal(t, []time.Duration{time.Minute}, after, "once a minute at most")
	})
}

// TestStaplerInitial starts with the response of a file.
func TestStaplerInitial(t *testing.T) {
	initial := func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = time.Now(), time.Now().Add(10*time.Hour) }
	inVirtualTime(t, initial, func(t *testing.T, b *bench, _ answering) {
		assert.NotNil(t, b.staple(t))
		_, after := b.take(b.start)
		assert.Empty(t, after)
		time.Sleep(5*time.Hour + time.Second)
		_, after = b.take(b.start)
		assert.Equal(t, []time.Duration{5 * time.Hour}, after)
	})
}

// TestStaplerOffered has a responder that does not answer, and a file that others
// keep fresh.
func TestStaplerOffered(t *testing.T) {
	from := func(t *testing.T, b *bench, issued time.Time) {
		t.Helper()
		cert := &b.set.Certs[0]
		cert.OCSPStaple = answer(t, b.ca, cert.Leaf.SerialNumber, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = issued, issued.Add(100*time.Hour)
		})
		require.NoError(t, b.set.Follow(t.Context()))
	}
	inVirtualTime(t, nil, func(t *testing.T, b *bench, good answering) {
		first := b.staple(t)
		b.responder.set(status(http.StatusServiceUnavailable))
		time.Sleep(60 * time.Hour)
		from(t, b, first.ThisUpdate.Add(-time.Hour))
		assert.Equal(t, first.ThisUpdate, b.staple(t).ThisUpdate, "an older one")
		now := time.Now().UTC().Truncate(time.Second)
		from(t, b, now)
		assert.Equal(t, now, b.staple(t).ThisUpdate)
		time.Sleep(99 * time.Hour)
		assert.NotNil(t, b.staple(t))

		b.responder.set(good(revokedResponse))
		time.Sleep(61 * time.Minute)
		from(t, b, time.Now())
		assert.Nil(t, b.staple(t), "the responder knows better")
		b.responder.set(good(nil))
		time.Sleep(61 * time.Minute)
		assert.NotNil(t, b.staple(t))
	})
}

func TestStaplerAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer respond
		want   string
	}{
		"no network": {func(*http.Request, *ocsp.Request) (*http.Response, error) { return nil, errors.New("no network") }, "no network"},
		"a page": {func(*http.Request, *ocsp.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: http.NoBody}, nil
		}, `content of type "text/html"`},
		"try later": {func(*http.Request, *ocsp.Request) (*http.Response, error) { return reply(ocsp.TryLaterErrorResponse) }, "try later"},
		"endless":   {func(*http.Request, *ocsp.Request) (*http.Response, error) { return reply(make([]byte, 1<<20)) }, "larger than 65536 bytes"},
		"breaks off": {func(*http.Request, *ocsp.Request) (*http.Response, error) {
			r, err := reply(nil)
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("0"), brokenReader{}))
			return r, err
		}, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, nil, func(t *testing.T, b *bench, _ answering) {
				b.responder.set(c.answer)
				time.Sleep(50*time.Hour + time.Second)
				require.Len(t, b.said(), 1)
				assert.ErrorContains(t, b.said()[0], c.want)
				assert.NotNil(t, b.staple(t))
			})
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// TestStaplersFollow exchanges certificates.
func TestStaplersFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := rootCA(t, nil)
		leaf := func(server string) *pki.Certificate {
			return certFor(t, ca, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: server})
		}
		cfg := &tlsx.Config{Certificates: append(presenting(leaf(responderURL)), presenting(leaf(""))...)}
		cfg.Certificates[0].OCSP = tlsx.OCSP{Fetch: true, Issuer: tlsx.Text(string(ca.PEM()))}
		fake := &responder{}
		fake.set(func(_ *http.Request, asked *ocsp.Request) (*http.Response, error) {
			return reply(answer(t, ca, asked.SerialNumber, nil))
		})
		set, err := tlsx.NewStaplers(cfg, &http.Client{Transport: fake}, func(error) {})
		require.NoError(t, err)
		first, second := &set.Certs[0], &set.Certs[1]
		assert.Same(t, first, set.Add(first), "before it runs")
		require.NoError(t, set.Follow(t.Context()))
		synctest.Wait()
		assert.NotNil(t, set.Add(first).OCSPStaple)
		assert.Nil(t, first.OCSPStaple, "the original stays")
		assert.Same(t, second, set.Add(second))

		same := *first
		same.Certificate = [][]byte{bytes.Clone(first.Certificate[0])}
		set.Certs[0] = same
		require.NoError(t, set.Follow(t.Context()))
		synctest.Wait()
		methods, _ := fake.take(time.Now())
		assert.Len(t, methods, 1, "known already")
		assert.NotNil(t, set.Add(&same).OCSPStaple)

		set.Certs[0] = leaf(responderURL).TLS()
		require.NoError(t, set.Follow(t.Context()))
		synctest.Wait()
		assert.Equal(t, 1, set.Running())
		assert.Same(t, &same, set.Add(&same))
		assert.NotNil(t, set.Add(&set.Certs[0]).OCSPStaple)

		used := set.Certs[0]
		set.Certs[0] = certFor(t, rootCA(t, nil), &pki.Leaf{Names: []string{"a.example.com"}}).TLS()
		assert.ErrorContains(t, set.Follow(t.Context()), "Certificates[0].OCSP.Fetch=true: ")
		assert.Equal(t, 1, set.Running(), "what was there is in use")
		assert.NotNil(t, set.Add(&used).OCSPStaple)
		set.Close()
		set.Close()
	})
}

// TestStaplerCancelled ends while the responder does not answer.
func TestStaplerCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := rootCA(t, nil)
		leaf := certFor(t, ca, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: responderURL})
		cfg := &tlsx.Config{Certificates: presenting(leaf)}
		cfg.Certificates[0].OCSP = tlsx.OCSP{Fetch: true, Issuer: tlsx.Text(string(ca.PEM()))}
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		set, err := tlsx.NewStaplers(cfg, &http.Client{Transport: slow}, func(err error) { t.Error(err) })
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, set.Follow(ctx))
		synctest.Wait()
		cancel()
		set.Close()
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetchWithoutResponder(t *testing.T) {
	ca := rootCA(t, nil)
	cfg := &tlsx.Config{Certificates: presenting(certFor(t, ca, &pki.Leaf{Names: []string{"a.example.com"}}))}
	cfg.Certificates[0].OCSP = tlsx.OCSP{Fetch: true, Issuer: tlsx.Text(string(ca.PEM()))}
	_, err := tlsx.NewSource(t.Context(), cfg)
	assert.ErrorContains(t, err, "Certificates[0].OCSP.Fetch=true: the certificate names no OCSP responder")
}
