package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/tlsx"
)

// dialTime bounds a dial: a client gives up soon after.
const dialTime = 20 * time.Second

// wayOptions say how the traffic goes on from here.
type wayOptions struct {
	via        string // "direct" or proxies
	tls        bool
	roots      string
	serverName string
	udp        udpPolicy
	echo       echoPolicy
	from       string
}

func (o *wayOptions) define(fs *flag.FlagSet) {
	fs.StringVar(&o.via, "via", "direct", "`direct`, or a chain of proxies separated by commas: socks5://, socks5h://, http:// and https://[user:password@]host[:port]")
	fs.BoolVar(&o.tls, "tls", false, "put TLS on every TCP conn: clients speak plain text, servers TLS")
	fs.StringVar(&o.roots, "ca", "", "`file` of the CAs that servers, and proxies of https, are verified with (default the system's)")
	fs.StringVar(&o.serverName, "server-name", "", "the `name` that servers are verified for with -tls (default the address that was dialled)")
	fs.TextVar(&o.udp, "udp", udpAuto, "`policy` for datagrams: direct, truncate (answer DNS so that it comes by TCP), resolve (ask for it by TCP), refuse, or auto: direct if TCP goes so, else truncate")
	fs.TextVar(&o.echo, "echo", echoAuto, "`policy` for pings: pass (send a real one), answer, drop, or auto: pass if TCP goes direct, else drop")
	fs.StringVar(&o.from, "from", "", "the network `namespace` in which conns are opened (default that of this program)")
}

// proxied says that conns go through something.
func (o *wayOptions) proxied() bool { return o.via != "direct" || o.tls }

// config returns the dialer's configuration.
func (o *wayOptions) config() (*dialer.Config, error) {
	c := &dialer.Config{Timeout: dialTime, Netns: o.from}
	var errs []error
	roots, err := o.client()
	if err != nil {
		errs = append(errs, fmt.Errorf("-ca %q: %w", o.roots, err))
	}
	switch {
	case o.tls:
		c.TLS = roots
	case o.serverName != "":
		errs = append(errs, fmt.Errorf("-server-name %q: there is no -tls", o.serverName))
	}
	for text := range strings.SplitSeq(o.via, ",") {
		if o.via == "direct" {
			break
		}
		p, err := dialer.ParseProxy(strings.TrimSpace(text))
		if err != nil {
			errs = append(errs, fmt.Errorf("-via: %w", err)) // it shows no password
			continue
		}
		if p.URL.Scheme == "https" && roots != nil {
			p.TLS = roots.Clone()
			p.TLS.ServerName = ""
		}
		c.Proxies = append(c.Proxies, p)
	}
	if len(errs) == 0 {
		errs = append(errs, c.Check())
	}
	return c, errors.Join(errs...)
}

// client is what servers are verified with.
func (o *wayOptions) client() (*tls.Config, error) {
	c := &tlsx.Config{ServerName: o.serverName}
	if o.roots != "" {
		pem, err := os.ReadFile(o.roots)
		if err != nil {
			return nil, err
		}
		c.Roots.From = []tlsx.Data{tlsx.Text(string(pem))}
	}
	return tlsx.New(c)
}
