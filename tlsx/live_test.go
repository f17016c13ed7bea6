package tlsx_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// host is the name of the servers in these tests.
const host = "api.example.com"

func newCA(t *testing.T) *pki.CA {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return ca
}

func issue(t *testing.T, ca *pki.CA, l *pki.Leaf) *pki.Certificate {
	t.Helper()
	if len(l.Names) == 0 {
		l.Names = []string{host}
	}
	c, err := ca.Issue(l)
	require.NoError(t, err)
	return c
}

// install issues a certificate and writes it as server.pem and server.key.
func install(t *testing.T, ca *pki.CA, dir string) *pki.Certificate {
	t.Helper()
	c := issue(t, ca, &pki.Leaf{})
	_, _, err := c.Write(dir, "server")
	require.NoError(t, err)
	return c
}

// pair names server.pem and server.key of a folder.
func pair(dir string) tlsx.Certificate {
	return tlsx.Certificate{
		Chain: tlsx.File(filepath.Join(dir, "server.pem")), Key: tlsx.File(filepath.Join(dir, "server.key")),
	}
}

// events collects what OnReload is called with.
type events struct {
	mu  sync.Mutex
	all []tlsx.Event
}

func (e *events) add(event tlsx.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) list() []tlsx.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]tlsx.Event(nil), e.all...)
}

func (e *events) last() tlsx.Event {
	list := e.list()
	if len(list) == 0 {
		return tlsx.Event{}
	}
	return list[len(list)-1]
}

// follow makes a Source that has to be possible, and closes it with the test.
// The interval is so long that only watching counts.
func follow(t *testing.T, c *tlsx.Config) (*tlsx.Source, *events) {
	t.Helper()
	e := &events{}
	if c.Reload.Interval == 0 {
		c.Reload.Interval = time.Hour
	}
	c.Reload.OnReload = e.add
	s, err := tlsx.NewSource(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s, e
}

// serve echoes what clients send over TLS, until the test ends.
func serve(t *testing.T, config *tls.Config) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan bool)
	go func() {
		defer close(done)
		accept(l, config)
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr()
}

// accept echoes to whoever comes, and returns when the listener is closed, all
// conns are, and their goroutines have ended.
func accept(l net.Listener, config *tls.Config) {
	var group sync.WaitGroup
	var open sync.Map
	for {
		raw, err := l.Accept()
		if err != nil {
			break
		}
		c := tls.Server(raw, config)
		open.Store(c, true)
		group.Go(func() {
			defer open.Delete(c)
			defer c.Close()
			io.Copy(c, c)
		})
	}
	open.Range(func(c, _ any) bool {
		c.(*tls.Conn).NetConn().Close()
		return true
	})
	group.Wait()
}

// connect shakes hands and has an echo, so that the session ticket has come too.
func connect(addr net.Addr, config *tls.Config) (*tls.Conn, error) {
	d := tls.Dialer{Config: config, NetDialer: &net.Dialer{Timeout: patience}}
	c, err := d.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	if err := echo(c); err != nil {
		c.Close()
		return nil, err
	}
	return c.(*tls.Conn), nil
}

func echo(c net.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 5))
	return err
}

// state is that of a conn which has to be possible.
func state(t *testing.T, addr net.Addr, config *tls.Config) tls.ConnectionState {
	t.Helper()
	c, err := connect(addr, config)
	require.NoError(t, err)
	defer c.Close()
	return c.ConnectionState()
}

// serial returns that of the certificate that a server presents.
func serial(t *testing.T, addr net.Addr, ca *pki.CA) string {
	t.Helper()
	return state(t, addr, client(ca)).PeerCertificates[0].SerialNumber.String()
}

// client trusts ca and asks for host.
func client(ca *pki.CA) *tls.Config { return &tls.Config{RootCAs: ca.Pool(), ServerName: host} }

// resuming is a client that remembers sessions.
func resuming(ca *pki.CA) *tls.Config {
	c := client(ca)
	c.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	return c
}

// crowd has clients connect all the time, a new one and a resuming one, and one
// conn stay open, until the test ends. None must ever fail. It returns how
// many conns there were.
func crowd(t *testing.T, addr net.Addr, ca *pki.CA) *atomic.Int64 {
	t.Helper()
	stays, err := connect(addr, client(ca))
	require.NoError(t, err)
	var stop atomic.Bool
	var n, resumed atomic.Int64
	var group sync.WaitGroup
	for _, config := range []*tls.Config{client(ca), resuming(ca)} {
		group.Go(func() {
			for !stop.Load() {
				c, err := connect(addr, config)
				if !assert.NoError(t, err) {
					return
				}
				if c.ConnectionState().DidResume {
					resumed.Add(1)
				}
				n.Add(1)
				c.Close()
				time.Sleep(time.Millisecond) // two cores are shared with the server
			}
		})
	}
	t.Cleanup(func() {
		eventually(t, "one that resumes", func() bool { return resumed.Load() > 0 || t.Failed() })
		stop.Store(true)
		group.Wait()
		assert.NoError(t, echo(stays), "the conn that was open all the time")
		stays.Close()
	})
	return &n
}

// replaceFile puts text at path as careful programs do.
func replaceFile(t *testing.T, path string, text []byte, mode os.FileMode) {
	t.Helper()
	write(t, path+".new", string(text), mode)
	if runtime.GOOS == "windows" { // which refuses it while the Source reads the file
		eventually(t, "replaced", func() bool { return os.Rename(path+".new", path) == nil })
		return
	}
	require.NoError(t, os.Rename(path+".new", path))
}
