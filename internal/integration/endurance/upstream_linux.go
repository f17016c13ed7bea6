package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// asUpstream makes this program an upstream: the value says which, in JSON.
const asUpstream = "STRATA_ENDURANCE_UPSTREAM"

// Ports of upstreams.
const (
	bytesPort     = 7001
	webPort       = 7002
	secureWebPort = 7003
	datagramPort  = 7004
	otherPort     = 7011 // the same as bytesPort
)

// An upstream answers requests, and notes each one in the journal before it answers. It is a process of its own, that is
// killed without a word.
type upstream struct {
	Host    string // IP address
	Journal string // folder
	Certs   string // folder with name.pem and name.key
	Name    string

	mu       sync.Mutex
	journals map[byte]*journal
}

// serveUpstream is the process. It says "ready" when it listens, and runs until it is killed.
func serveUpstream(config string) error {
	u := &upstream{journals: map[byte]*journal{}}
	if err := json.Unmarshal([]byte(config), u); err != nil { //nolint:musttag // both sides are this program
		return err
	}
	failed := make(chan error, 8)
	for _, port := range []int{bytesPort, otherPort} {
		l, err := u.listen(port)
		if err != nil {
			return err
		}
		go func() { failed <- u.acceptBytes(l) }()
	}
	if err := u.serveWeb(failed); err != nil {
		return err
	}
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(u.Host), Port: datagramPort})
	if err != nil {
		return err
	}
	go func() { failed <- u.answerDatagrams(pc) }()
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		return err
	}
	return <-failed
}

func (u *upstream) listen(port int) (net.Listener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(u.Host), Port: port})
}

// note writes a request into the journal of its lane.
func (u *upstream) note(f frame) error {
	u.mu.Lock()
	j := u.journals[f.lane]
	var err error
	if j == nil {
		if j, err = openJournal(u.Journal, f.lane); err == nil {
			u.journals[f.lane] = j
		}
	}
	u.mu.Unlock()
	if err != nil {
		return err
	}
	return j.note(f.number)
}

func (u *upstream) acceptBytes(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			for u.answerOne(c) == nil {
				continue
			}
		}()
	}
}

// answerOne answers one request of a conn.
func (u *upstream) answerOne(c net.Conn) error {
	f, carried, err := readAsk(c)
	if err != nil {
		return err
	}
	if err := u.note(f); err != nil {
		return err
	}
	_, err = c.Write(f.reply(carried))
	return err
}

// serveWeb serves HTTP/1.1, and HTTP/2 with TLS.
func (u *upstream) serveWeb(failed chan<- error) error {
	plain, err := u.listen(webPort)
	if err != nil {
		return err
	}
	secure, err := u.listen(secureWebPort)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: u} //nolint:gosec // the clients are our own
	go func() { failed <- s.Serve(plain) }()
	s2 := &http.Server{Handler: u, TLSConfig: &tls.Config{GetCertificate: u.certificate}} //nolint:gosec // as above
	go func() { failed <- s2.ServeTLS(secure, "", "") }()
	return nil
}

// certificate reads the files for each handshake.
func (u *upstream) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	base := filepath.Join(u.Certs, u.Name)
	c, err := tls.LoadX509KeyPair(base+".pem", base+".key")
	return &c, err
}

// ServeHTTP answers a request whose body is a frame.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, carried, err := readAsk(r.Body)
	if err == nil {
		var more [1]byte
		if n, _ := io.ReadFull(r.Body, more[:]); n > 0 {
			err = fmt.Errorf("%w: something follows", errAsk)
		}
	}
	if err == nil {
		err = u.note(f)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(f.reply(carried)) // the client sees it
}

// answerDatagrams answers requests of a datagram each.
func (u *upstream) answerDatagrams(pc *net.UDPConn) error {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := pc.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			continue
		}
		f, err := parseAsk(buf[:n])
		if err != nil || f.up != n-headerSize {
			continue // the client asks again, and fails at last
		}
		if err := u.note(f); err != nil {
			return err
		}
		if _, err := pc.WriteToUDPAddrPort(f.reply(buf[headerSize:n]), from); err != nil && !passing(err) {
			return err
		}
	}
}

// passing says whether an error of a UDP socket is about the path, which may be there again for the next datagram.
func passing(err error) bool {
	return isAny(err, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.ECONNREFUSED, unix.ENOBUFS, unix.EPERM)
}

func isAny(err error, all ...error) bool {
	for _, one := range all {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
