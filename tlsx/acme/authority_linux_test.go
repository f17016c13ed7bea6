package acme_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/acme"
	"github.com/strata-net/strata/tlsx/pki"
)

// need ends the test for something that is missing: a failure where everything
// has to be there.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("missing: " + what)
	}
	t.Skip("missing: " + what)
}

var built struct {
	once sync.Once
	dir  string
	err  error
	out  []byte
}

var quiet = log.New(io.Discard, "", 0)

var errNothing = errors.New("nothing to present")

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// pebbleProgram builds pebble as the repository pins it.
func pebbleProgram(t *testing.T) string {
	t.Helper()
	peers := filepath.Join("..", "..", "internal", "tools", "peers")
	if _, err := os.Stat(filepath.Join(peers, "go.mod")); err != nil {
		need(t, "the repository's internal/tools/peers, which pins pebble")
	}
	if _, err := exec.LookPath("go"); err != nil {
		need(t, "the go command, to build pebble")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "strata-pebble-"); built.err != nil { //nolint:usetesting // outlives the test that builds
			return
		}
		cmd := exec.Command("go", "build", "-o", built.dir+string(filepath.Separator), "github.com/letsencrypt/pebble/v2/cmd/pebble")
		cmd.Dir = peers
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOOS="+runtime.GOOS, "CGO_ENABLED=0")
		built.out, built.err = cmd.CombinedOutput()
	})
	require.NoError(t, built.err, string(built.out))
	return filepath.Join(built.dir, "pebble")
}

// authority is a running pebble with the server that it validates.
type authority struct {
	directory string
	roots     *x509.CertPool // that verify the directory
	http, tls net.Listener   // where it validates
}

// settings are what a test wants of pebble.
type settings struct {
	life    time.Duration
	macKeys map[string]string
	env     []string
}

func startPebble(t *testing.T, s settings) *authority {
	t.Helper()
	program := pebbleProgram(t)
	dir := t.TempDir()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	// Pebble takes no port 0. No other test has this address, and no system hands out this port.
	ip := net.IPv4(127, 1+byte(rand.IntN(254)), byte(rand.IntN(256)), 1+byte(rand.IntN(254))).String()
	cert, err := ca.Issue(&pki.Leaf{Names: []string{ip}})
	require.NoError(t, err)
	certFile, keyFile, err := cert.Write(dir, "directory")
	require.NoError(t, err)

	a := &authority{roots: ca.Pool(), http: listen(t), tls: listen(t)}
	address := net.JoinHostPort(ip, "14000")
	a.directory = "https://" + address + "/dir"
	if s.life == 0 {
		s.life = 90 * 24 * time.Hour
	}
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "certificate": certFile, "privateKey": keyFile,
		"httpPort": port(a.http), "tlsPort": port(a.tls), "keyAlgorithm": "ecdsa",
		"externalAccountBindingRequired": len(s.macKeys) > 0, "externalAccountMACKeys": s.macKeys,
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "test", "validityPeriod": int(s.life.Seconds())}},
	}})
	require.NoError(t, err)
	config := filepath.Join(dir, "pebble.json")
	require.NoError(t, os.WriteFile(config, text, 0o600))

	cmd := exec.Command(program, "-config", config, "-dnsserver", serveDNS(t))
	cmd.Env = append(os.Environ(), append(s.env, "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0")...)
	log, err := os.Create(filepath.Join(dir, "pebble.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("pebble: %s", text)
		}
	})
	awaitDirectory(t, a)
	return a
}

func awaitDirectory(t *testing.T, a *authority) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.roots}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		response, err := client.Get(a.directory)
		if err == nil {
			response.Body.Close()
			return
		}
		require.True(t, time.Now().Before(end), "pebble does not answer: %v", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// serveDNS answers every question over TCP for an IPv4 address with 127.0.0.1,
// and every other one with nothing.
func serveDNS(t *testing.T) string {
	t.Helper()
	l := listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				answerDNS(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func answerDNS(c net.Conn) {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root, type and class
	kind := binary.BigEndian.Uint16(query[end-4:])
	answer := append(append([]byte{}, query[:2]...), 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
	answer = append(answer, query[12:end]...)
	if kind == 1 {
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1)
	}
	c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
}

// config is for hosts at a.
func (a *authority) config(t *testing.T, hosts ...string) *acme.Config {
	t.Helper()
	return &acme.Config{
		Directory: a.directory, Roots: a.roots, Email: "ops@example.com", AgreeTerms: true,
		Hosts: hosts, Cache: filepath.Join(t.TempDir(), "cache"),
	}
}

// newManager makes one that the authority can validate, and runs it until the
// test ends or stop is called.
func newManager(t *testing.T, cfg *acme.Config) (m *acme.Manager, e *events) {
	t.Helper()
	e = &events{}
	cfg.OnEvent = e.add
	m, err := acme.New(cfg)
	require.NoError(t, err)
	return m, e
}

// serveTLS serves handshakes with m's config until the test ends.
func serveTLS(t *testing.T, l net.Listener, config *tls.Config) {
	t.Helper()
	server := &http.Server{TLSConfig: config, Handler: http.NotFoundHandler(), ReadTimeout: patience, ErrorLog: quiet}
	var wg sync.WaitGroup
	wg.Go(func() { server.ServeTLS(l, "", "") })
	t.Cleanup(func() { server.Close(); wg.Wait() })
}

// serveHTTP serves plain HTTP until the test ends.
func serveHTTP(t *testing.T, l net.Listener, handler http.Handler) {
	t.Helper()
	server := &http.Server{Handler: handler, ReadTimeout: patience, ErrorLog: quiet}
	var wg sync.WaitGroup
	wg.Go(func() { server.Serve(l) })
	t.Cleanup(func() { server.Close(); wg.Wait() })
}

// presented returns the leaf that a client for host sees. The CA is pebble's, made
// at its start: there is nothing to verify it with.
func presented(l net.Listener, host string) (*x509.Certificate, error) {
	dialer := &net.Dialer{Timeout: patience}
	c, err := tls.DialWithDialer(dialer, "tcp", l.Addr().String(), &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	leaf := c.ConnectionState().PeerCertificates[0]
	return leaf, leaf.VerifyHostname(host)
}

// handler is a GetCertificate that is set later.
type handler struct {
	mu  sync.Mutex
	get func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

func (h *handler) set(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.get = get
}

func (h *handler) config() *tls.Config {
	return &tls.Config{NextProtos: []string{"acme-tls/1"}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.get == nil {
			return nil, errNothing
		}
		return h.get(hello)
	}}
}
