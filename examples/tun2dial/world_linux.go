package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
	"github.com/strata-net/strata/tunx/link"
)

// Addresses of the demo's world: for documentation (RFC 5737, RFC 3849), so that they
// are nobody's.
var (
	plainHosts = hosts("203.0.113.1", "2001:db8:113::1")
	tlsHosts   = hosts("203.0.113.2", "2001:db8:113::2") // the same servers, behind TLS
	proxyHost  = netip.MustParseAddr("203.0.113.3")
	nobodies   = hosts("203.0.113.99", "2001:db8:113::99")
)

const (
	socksPort   = 1080
	connectPort = 443
)

func hosts(texts ...string) []netip.Addr {
	var list []netip.Addr
	for _, s := range texts {
		list = append(list, netip.MustParseAddr(s))
	}
	return list
}

// A world is a namespace with servers: what is beyond the tunnel.
type world struct {
	*namespace

	ca    *pki.CA
	roots string // file
	group sync.WaitGroup
	ends  []io.Closer // in the order in which they are closed
}

// newWorld makes a namespace with web and name servers, in the clear and behind TLS,
// and proxies. Its files are in a folder.
func newWorld(ctx context.Context, dir string) (*world, error) {
	w := &world{}
	err := w.open(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *world) open(ctx context.Context, dir string) (err error) {
	if w.namespace, err = newNamespace(); err != nil {
		return err
	}
	if w.ca, err = pki.New(nil); err != nil {
		return err
	}
	w.roots = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(w.roots, w.ca.PEM(), 0o600); err != nil {
		return err
	}
	if err := w.address(); err != nil {
		return err
	}
	secure, err := w.secure()
	if err != nil {
		return err
	}
	for i := range plainHosts {
		if err := errors.Join(w.serve(plainHosts[i], nil), w.serve(tlsHosts[i], secure)); err != nil {
			return err
		}
	}
	return errors.Join(w.startConnect(secure), w.startSOCKS(ctx))
}

// address gives the loopback device the addresses of all.
func (w *world) address() error {
	c := &link.Config{Name: "lo", Netns: w.path()}
	for _, a := range slices.Concat(plainHosts, tlsHosts, []netip.Addr{proxyHost}) {
		c.Addrs = append(c.Addrs, netip.PrefixFrom(a, a.BitLen()))
	}
	l, err := link.Setup(c)
	if err == nil {
		w.ends = append(w.ends, l)
	}
	return err
}

// secure is what the servers behind TLS present.
func (w *world) secure() (*tls.Config, error) {
	leaf := &pki.Leaf{Server: true, Names: []string{proxyHost.String()}}
	for _, a := range tlsHosts {
		leaf.Names = append(leaf.Names, a.String())
	}
	certificate, err := w.ca.Issue(leaf)
	if err != nil {
		return nil, err
	}
	value := certificate.TLS()
	return tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{{Value: &value}}})
}

// serve starts the web and name servers of an address.
func (w *world) serve(a netip.Addr, secure *tls.Config) error {
	web, err := w.listen(a, 80, secure)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newWeb(), ReadHeaderTimeout: handshakeTime}
	w.ends = append(w.ends, server)
	w.group.Go(func() { _ = server.Serve(web) }) // until it is closed

	streams, err := w.listen(a, 53, secure)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, streams)
	w.group.Go(func() { serveDNSConns(&w.group, streams) })

	var datagrams net.PacketConn
	err = w.do(func() (err error) {
		datagrams, err = net.ListenPacket("udp", netip.AddrPortFrom(a, 53).String()) //nolint:noctx // the address is a literal
		return err
	})
	if err != nil {
		return err
	}
	w.ends = append(w.ends, datagrams)
	w.group.Go(func() { serveDNS(datagrams) })
	return nil
}

// listen listens in the world.
func (w *world) listen(a netip.Addr, port uint16, secure *tls.Config) (l net.Listener, err error) {
	err = w.do(func() (err error) {
		l, err = net.Listen("tcp", netip.AddrPortFrom(a, port).String()) //nolint:noctx // as above
		return err
	})
	if err == nil && secure != nil {
		l = tls.NewListener(l, secure)
	}
	return l, err
}

// startConnect starts an HTTP proxy behind TLS.
func (w *world) startConnect(secure *tls.Config) error {
	l, err := w.listen(proxyHost, connectPort, secure)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, newFront(l, w.dial))
	return nil
}

// dial dials in the world; the address is a literal.
func (w *world) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = w.do(func() (err error) {
		c, err = (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// startSOCKS starts a SOCKS server that others wrote.
func (w *world) startSOCKS(ctx context.Context) error {
	s, err := startServer(ctx, w, "microsocks", "-i", proxyHost.String(), "-p", strconv.Itoa(socksPort))
	if err != nil {
		return err
	}
	w.ends = append(w.ends, s)
	return s.await(ctx, netip.AddrPortFrom(proxyHost, socksPort))
}

// Close ends all that is in the world.
func (w *world) Close() error {
	var errs []error
	for _, c := range w.ends {
		if err := c.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close %T: %w", c, err))
		}
	}
	w.group.Wait()
	return errors.Join(append(errs, w.namespace.Close())...)
}
