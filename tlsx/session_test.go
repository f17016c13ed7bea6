package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// frozen keeps the first session for ever, whatever servers send later.
type frozen struct {
	mu      sync.Mutex
	session *tls.ClientSessionState
}

func (f *frozen) Get(string) (*tls.ClientSessionState, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.session, f.session != nil
}

func (f *frozen) Put(_ string, session *tls.ClientSessionState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session == nil {
		f.session = session
	}
}

func value(c *pki.Certificate) tlsx.Certificate {
	v := c.TLS()
	return tlsx.Certificate{Value: &v}
}

// server returns a config of New for a server.
func server(t *testing.T, c *tlsx.Config) *tls.Config {
	t.Helper()
	config, err := tlsx.New(c)
	require.NoError(t, err)
	return config
}

// Servers resume each other's sessions if, and only if, they share a key.
func TestTicketsShared(t *testing.T) {
	ca := newCA(t)
	cert := value(issue(t, ca, &pki.Leaf{}))
	a, b := b64(keyOf(1)), b64(keyOf(2))
	with := func(keys ...string) *tlsx.Config {
		c := &tlsx.Config{Certificates: []tlsx.Certificate{cert}}
		for _, k := range keys {
			c.Tickets.Keys = append(c.Tickets.Keys, tlsx.Text(k))
		}
		return c
	}
	off := with()
	off.Tickets.Off = true
	for _, c := range []struct {
		name          string
		first, second *tlsx.Config
		want          bool
	}{
		{"same", with(a), with(a), true},
		{"rotated", with(a), with(b, a), true},
		{"one text", with(a), with(b + "\n" + a), true},
		{"dropped", with(b, a), with(a), false},
		{"other", with(a), with(b), false},
		{"automatic", with(), with(), false},
		{"one automatic", with(a), with(), false},
		{"off", with(a), off, false},
	} {
		for name, version := range versions {
			t.Run(c.name+" "+name, func(t *testing.T) {
				noLeak(t)
				config := resuming(ca)
				config.MaxVersion = version
				assert.False(t, state(t, serve(t, server(t, c.first)), config).DidResume)
				assert.Equal(t, c.want, state(t, serve(t, server(t, c.second)), config).DidResume)
			})
		}
	}
}

func TestTicketsOneServer(t *testing.T) {
	ca := newCA(t)
	for name, version := range versions {
		for _, off := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				noLeak(t)
				addr := serve(t, server(t, &tlsx.Config{
					Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{}))},
					Tickets:      tlsx.Tickets{Off: off},
				}))
				config := resuming(ca)
				config.MaxVersion = version
				assert.False(t, state(t, addr, config).DidResume)
				assert.Equal(t, !off, state(t, addr, config).DidResume)
			})
		}
	}
}

// What a client remembers is bounded.
func TestSessions(t *testing.T) {
	ca := newCA(t)
	addr := serve(t, server(t, &tlsx.Config{
		Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{Names: []string{"a.test", "b.test"}}))},
	}))
	for _, c := range []struct {
		sessions int
		want     bool
	}{{0, true}, {2, true}, {1, false}, {-1, false}} {
		config, err := tlsx.New(&tlsx.Config{Roots: roots(ca), Sessions: c.sessions})
		require.NoError(t, err)
		other, err := tlsx.New(&tlsx.Config{Roots: roots(ca), Sessions: c.sessions})
		require.NoError(t, err)
		named := func(config *tls.Config, name string) bool {
			config = config.Clone()
			config.ServerName = name
			return state(t, addr, config).DidResume
		}
		assert.False(t, named(config, "a.test"))
		assert.False(t, named(config, "b.test"))
		assert.Equal(t, c.want, named(config, "a.test"), c.sessions)
		assert.False(t, named(other, "a.test"), "each config has its own")
	}
}

func roots(ca *pki.CA) tlsx.CAs {
	return tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}
}

// website serves HTTP with a clone that net/http makes of config, until the
// test ends.
func website(t *testing.T, config *tls.Config) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{
		TLSConfig: config, ReadHeaderTimeout: patience, ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Resumed", map[bool]string{true: "yes", false: "no"}[r.TLS.DidResume])
			w.Header().Set("Serial", "")
			if len(r.TLS.VerifiedChains) > 0 {
				w.Header().Set("Serial", r.TLS.VerifiedChains[0][0].SerialNumber.String())
			}
		}),
	}
	var group sync.WaitGroup
	group.Go(func() { assert.ErrorIs(t, s.ServeTLS(l, "", ""), http.ErrServerClosed) })
	t.Cleanup(func() {
		s.Close()
		group.Wait()
	})
	return l.Addr()
}

// fetch asks a website on a conn of its own.
func fetch(t *testing.T, addr net.Addr, config *tls.Config) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	res, err := c.Get("https://" + addr.String())
	if err == nil {
		res.Body.Close()
	}
	return res, err
}

// Keys rotate below net/http, which serves with a clone: a ticket of the old key
// resumes as long as the key is listed.
func TestTicketsRotate(t *testing.T) {
	ca := newCA(t)
	for name, version := range versions {
		for way, serve := range map[string]func(*testing.T, *tls.Config) net.Addr{"http": website, "tls": serve} {
			t.Run(name+" "+way, func(t *testing.T) {
				noLeak(t)
				path := filepath.Join(t.TempDir(), "tickets")
				first, second, third := b64(keyOf(1)), b64(keyOf(2)), b64(keyOf(3))
				write(t, path, first, 0o600)
				s, events := follow(t, &tlsx.Config{
					Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{}))},
					Tickets:      tlsx.Tickets{Keys: []tlsx.Data{tlsx.File(path)}},
				})
				addr := serve(t, s.Config())
				config := client(ca)
				config.MaxVersion = version
				config.ClientSessionCache = &frozen{}
				resumes := func() bool {
					if way == "tls" {
						return state(t, addr, config).DidResume
					}
					res, err := fetch(t, addr, config)
					require.NoError(t, err)
					return res.Header.Get("Resumed") == "yes"
				}
				rotate := func(keys string) {
					replaceFile(t, path, []byte(keys), 0o600)
					require.NoError(t, s.Reload(t.Context()))
					assert.Equal(t, []string{"Tickets.Keys[0]"}, events.last().Fields)
				}
				assert.False(t, resumes())
				assert.True(t, resumes())
				rotate(second + "\n" + first)
				assert.True(t, resumes(), "still listed")
				rotate(third + "\n" + second)
				assert.False(t, resumes(), "no longer listed")
				config.ClientSessionCache = &frozen{}
				assert.False(t, resumes())
				assert.True(t, resumes(), "the newest encrypts")
				rotate(third)
				assert.True(t, resumes())

				write(t, path, first, 0o644)
				if err := s.Reload(t.Context()); err == nil {
					t.Skip("modes of files say nothing here")
				}
				assert.True(t, resumes(), "the old keys stay")
			})
		}
	}
}

// A session that was made under other client CAs, or by a certificate that was
// revoked since, gets nobody in: neither when a Source has taken the change nor
// at another server with the same keys.
func TestTicketsAndClientCAs(t *testing.T) {
	ca, old, fresh := newCA(t), newCA(t), newCA(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			path := filepath.Join(t.TempDir(), "clients.pem")
			write(t, path, string(old.PEM()), 0o600)
			base := tlsx.Config{
				Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{}))},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				Tickets:      tlsx.Tickets{Keys: []tlsx.Data{tlsx.Text(b64(keyOf(1)))}},
			}
			following := base
			following.ClientCAs.From = []tlsx.Data{tlsx.File(path)}
			s, _ := follow(t, &following)
			addr := serve(t, s.Config())

			config := client(ca)
			config.MaxVersion = version
			present(config, issue(t, old, &pki.Leaf{Names: []string{"client"}}))
			config.ClientSessionCache = &frozen{}
			assert.False(t, state(t, addr, config).DidResume)
			assert.True(t, state(t, addr, config).DidResume)

			elsewhere := base
			elsewhere.ClientCAs = roots(fresh)
			assert.ErrorContains(t, refusal(t, serve(t, server(t, &elsewhere)), config), "unknown certificate authority", "at another server")

			write(t, path, string(fresh.PEM()), 0o600)
			require.NoError(t, s.Reload(t.Context()))
			assert.ErrorContains(t, refusal(t, addr, config), "unknown certificate authority", "after a reload")
			present(config, issue(t, fresh, &pki.Leaf{Names: []string{"client"}}))
			config.ClientSessionCache = &frozen{}
			assert.False(t, state(t, addr, config).DidResume)
			assert.True(t, state(t, addr, config).DidResume)
		})
	}
}

// present has a client present c, whatever the server asks for.
func present(config *tls.Config, c *pki.Certificate) {
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert := c.TLS()
		return &cert, nil
	}
}

// refusal is the alert that a server answers with. In TLS 1.3 it comes after the
// client's handshake.
func refusal(t *testing.T, addr net.Addr, config *tls.Config) error {
	t.Helper()
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, addr.Network(), addr.String(), config)
	if err != nil {
		return err
	}
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = c.Read(make([]byte, 1))
	return err
}

func TestTicketsAndRevocation(t *testing.T) {
	ca, clients := newCA(t), newCA(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			path := filepath.Join(t.TempDir(), "clients.crl")
			renew := func() {
				list, err := clients.CRL()
				require.NoError(t, err)
				write(t, path, string(list), 0o600)
			}
			renew()
			s, _ := follow(t, &tlsx.Config{
				Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{}))},
				ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: roots(clients),
				Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.File(path)}},
			})
			addr := serve(t, s.Config())
			mine := issue(t, clients, &pki.Leaf{Names: []string{"client"}})
			config := client(ca)
			config.MaxVersion = version
			config.Certificates = []tls.Certificate{mine.TLS()}
			config.ClientSessionCache = &frozen{}
			assert.False(t, state(t, addr, config).DidResume)
			assert.True(t, state(t, addr, config).DidResume)
			clients.Revoke(mine)
			renew()
			require.NoError(t, s.Reload(t.Context()))
			assert.ErrorContains(t, refusal(t, addr, config), "bad certificate")
		})
	}
}

// A session without a client's certificate, of a server that asks for none, is
// nothing to one with the same keys that does.
func TestTicketsAndClientAuth(t *testing.T) {
	noLeak(t)
	ca, clients := newCA(t), newCA(t)
	base := tlsx.Config{
		Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{}))},
		Tickets:      tlsx.Tickets{Keys: []tlsx.Data{tlsx.Text(b64(keyOf(1)))}},
	}
	strict := base
	strict.ClientAuth, strict.ClientCAs = tls.RequireAndVerifyClientCert, roots(clients)
	config := resuming(ca)
	assert.False(t, state(t, serve(t, server(t, &base)), config).DidResume)
	assert.ErrorContains(t, refusal(t, serve(t, server(t, &strict)), config), "certificate required")
}

// net/http negotiates what it serves, though CAs in files need another config
// for each client; what it knows of clients' chains is kept.
func TestSourceBelowHTTP(t *testing.T) {
	ca, clients := newCA(t), newCA(t)
	for _, c := range []struct {
		name   string
		alpn   []string
		change func(*tls.Config)
		want   int
	}{
		{"nothing set", nil, nil, 2},
		{"set", []string{"h2", "http/1.1"}, nil, 2},
		{"set without h2", []string{"http/1.1"}, nil, 1},
		{"in a clone", nil, func(c *tls.Config) { c.NextProtos = []string{"x", "h2"} }, 2},
	} {
		for _, mutual := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				noLeak(t)
				dir := t.TempDir()
				install(t, ca, dir)
				path := filepath.Join(dir, "clients.pem")
				write(t, path, string(clients.PEM()), 0o600)
				cfg := &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}, ALPN: c.alpn}
				if mutual {
					cfg.ClientAuth = tls.RequireAndVerifyClientCert
					cfg.ClientCAs.From = []tlsx.Data{tlsx.File(path)}
				}
				s, _ := follow(t, cfg)
				config := s.Config()
				if c.change != nil {
					config = config.Clone()
					c.change(config)
				}
				addr := website(t, config)
				mine := issue(t, clients, &pki.Leaf{Names: []string{"client"}})
				with := resuming(ca)
				with.Certificates = []tls.Certificate{mine.TLS()}
				for i := range 3 {
					res, err := fetch(t, addr, with)
					require.NoError(t, err)
					assert.Equal(t, c.want, res.ProtoMajor)
					assert.Equal(t, map[bool]string{true: "yes", false: "no"}[i > 0], res.Header.Get("Resumed"))
					if mutual {
						assert.Equal(t, mine.Leaf().SerialNumber.String(), res.Header.Get("Serial"))
					}
					write(t, path, string(clients.PEM())+string(newCA(t).PEM()), 0o600)
					require.NoError(t, s.Reload(t.Context()), "a reload ends no session")
				}
				one := with.Clone()
				one.NextProtos = []string{"http/1.1"}
				conn, err := tls.Dial(addr.Network(), addr.String(), one)
				require.NoError(t, err)
				assert.Equal(t, "http/1.1", conn.ConnectionState().NegotiatedProtocol)
				conn.Close()
			})
		}
	}
}

// A client follows its roots, forgets sessions that they no longer cover, and
// presents its new certificate.
func TestSourceClient(t *testing.T) {
	first, second, clients := newCA(t), newCA(t), newCA(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			web, dir := t.TempDir(), t.TempDir()
			install(t, first, web)
			front, _ := follow(t, &tlsx.Config{
				Certificates: []tlsx.Certificate{pair(web)}, MaxVersion: version,
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots(clients),
			})
			seen := make(chan string, 1)
			front2 := front.Config().Clone()
			verify := front2.VerifyConnection
			front2.VerifyConnection = func(state tls.ConnectionState) error {
				seen <- state.PeerCertificates[0].SerialNumber.String()
				return verify(state)
			}
			addr := serve(t, front2)

			mine := install(t, clients, dir)
			path := filepath.Join(dir, "roots.pem")
			write(t, path, string(first.PEM()), 0o600)
			s, _ := follow(t, &tlsx.Config{
				Certificates: []tlsx.Certificate{pair(dir)}, ServerName: host,
				Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(path)}},
			})
			assert.False(t, state(t, addr, s.Config()).DidResume)
			assert.Equal(t, mine.Leaf().SerialNumber.String(), <-seen)
			assert.True(t, state(t, addr, s.Config()).DidResume)
			<-seen
			assert.False(t, state(t, addr, s.Current()).DidResume)
			<-seen
			assert.True(t, state(t, addr, s.Current()).DidResume)
			<-seen
			assert.True(t, state(t, addr, s.Config()).DidResume)
			<-seen

			mine = install(t, clients, dir)
			require.NoError(t, s.Reload(t.Context()))
			assert.False(t, state(t, addr, s.Config()).DidResume)
			assert.Equal(t, mine.Leaf().SerialNumber.String(), <-seen)

			write(t, path, string(second.PEM()), 0o600)
			require.NoError(t, s.Reload(t.Context()))
			install(t, second, web)
			require.NoError(t, front.Reload(t.Context()))
			assert.False(t, state(t, addr, s.Config()).DidResume, "at the first try")
			<-seen

			write(t, path, string(first.PEM()), 0o600)
			require.NoError(t, s.Reload(t.Context()))
			for _, config := range []*tls.Config{s.Config(), s.Current()} {
				_, err := connect(addr, config)
				var unknown x509.UnknownAuthorityError
				assert.ErrorAs(t, err, &unknown)
			}
			for len(seen) > 0 { // TLS 1.3 asks for a client's certificate before it knows
				<-seen
			}
		})
	}
}

// Roots in files cannot be verified for an IP address that only crypto/tls
// knows: that is refused, unless the Config says who the server is.
func TestSourceClientByAddress(t *testing.T) {
	noLeak(t)
	ca := newCA(t)
	path := filepath.Join(t.TempDir(), "roots.pem")
	write(t, path, string(ca.PEM()), 0o600)
	addr := serve(t, server(t, &tlsx.Config{
		Certificates: []tlsx.Certificate{value(issue(t, ca, &pki.Leaf{Names: []string{"127.0.0.1", host}}))},
	}))
	c := tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(path)}}}
	dial := func(config *tls.Config) error {
		conn, err := tls.Dial(addr.Network(), addr.String(), config) // sets ServerName to the address
		if err == nil {
			conn.Close()
		}
		return err
	}
	s, _ := follow(t, &c)
	assert.ErrorContains(t, dial(s.Config()), "no name to verify the server by")
	require.NoError(t, dial(s.Current()))
	stay, _ := follow(t, &tlsx.Config{Roots: roots(ca)})
	require.NoError(t, dial(stay.Config()), "roots that are Text")
	for _, name := range []string{"127.0.0.1", "127.0.0.2"} {
		byPeer, byName := c, c
		byPeer.Peer.Names = []string{name}
		byName.ServerName = name
		for _, c := range []*tlsx.Config{&byPeer, &byName} {
			s, _ := follow(t, c)
			assert.Equal(t, name == "127.0.0.1", dial(s.Config()) == nil, "%s", name)
		}
	}
}

// One config for both sides: a server that asks for certificates and verifies
// none does not verify them by the roots of the client.
func TestSourceBothSides(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	path := filepath.Join(dir, "roots.pem")
	write(t, path, string(ca.PEM()), 0o600)
	s, _ := follow(t, &tlsx.Config{
		Certificates: []tlsx.Certificate{pair(dir)}, ServerName: host,
		Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(path)}}, ClientAuth: tls.RequireAnyClientCert,
	})
	addr := serve(t, s.Config())
	require.NoError(t, os.Remove(path))
	state(t, addr, s.Config())
	stranger := client(ca)
	stranger.Certificates = []tls.Certificate{issue(t, newCA(t), &pki.Leaf{Names: []string{"stranger"}}).TLS()}
	state(t, addr, stranger)
}
