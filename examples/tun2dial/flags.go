package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// flags is the command line.
type flags struct {
	way      wayOptions
	tunnel   tunnelOptions
	rootless bool
	proxy    string      // where the proxy of the rootless form listens
	forwards []forwarded // and what else it offers
	show     flowFormat
	json     bool
	demo     bool
	size     int64 // MiB
	program  []string
}

// tunnelOptions say what the namespace and its device look like.
type tunnelOptions struct {
	netns, device string
	mtu           int
	addresses     []netip.Prefix
	routes        []netip.Prefix
}

// parseFlags reads the command line and says what is wrong with it.
func parseFlags(args []string, diag io.Writer) (*flags, error) {
	f := &flags{}
	fs := flag.NewFlagSet("tun2dial", flag.ContinueOnError)
	fs.SetOutput(diag)
	fs.Usage = func() {
		fmt.Fprintln(diag, "usage: tun2dial [flags] [--] [program [argument ...]]")
		fs.PrintDefaults()
	}
	f.way.define(fs)
	f.tunnel.define(fs)
	fs.BoolVar(&f.rootless, "rootless", false, "no device: offer a proxy on loopback, whose traffic crosses two stacks in this process")
	fs.StringVar(&f.proxy, "proxy", "127.0.0.1:0", "`address` of the proxy (SOCKS5 and HTTP); with -rootless")
	fs.Func("forward", "listen at `LOCAL=TARGET` and carry what comes there to the target, \"127.0.0.1:8080=example.com:80\" or \"udp:127.0.0.1:5353=192.0.2.1:53\"; may be repeated; with -rootless", func(s string) error {
		v, err := parseForwarded(s)
		f.forwards = append(f.forwards, v)
		return err
	})
	fs.TextVar(&f.show, "flows", flowsAuto, "how flows are shown: `table` (refreshed), events (a line each), none, or auto: a table on a terminal")
	fs.BoolVar(&f.json, "json", false, "show flows as lines of JSON")
	fs.BoolVar(&f.demo, "demo", false, "try all of it in namespaces, with curl, dig and ping, print a table and exit")
	fs.Int64Var(&f.size, "size", 256, "`MiB` of each download and upload of the demo, at least 1")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	f.program = fs.Args()
	if err := f.validate(fs); err != nil {
		fmt.Fprintln(diag, "tun2dial:", err)
		return nil, err
	}
	return f, nil
}

func (o *tunnelOptions) define(fs *flag.FlagSet) {
	*o = *defaultTunnel()
	fs.StringVar(&o.netns, "netns", "", "the network namespace whose traffic is taken, by name or path; it is made if there is none of the `name`; \"\" is a new one for the program")
	fs.StringVar(&o.device, "device", o.device, "`name` of the device")
	fs.IntVar(&o.mtu, "mtu", o.mtu, "of the device, in `bytes`: 1280 to 65535")
	fs.Func("address", "`addresses` of the device with their prefix lengths, separated by commas (default 10.111.0.1/24,fd11:1::1/64)", parsePrefixes(&o.addresses))
	fs.Func("route", "`prefixes` that go through the device, separated by commas (default 0.0.0.0/0,::/0)", parsePrefixes(&o.routes))
}

// defaultTunnel takes all traffic of a new namespace.
func defaultTunnel() *tunnelOptions {
	return &tunnelOptions{
		device: "tun0", mtu: 1500,
		addresses: prefixes("10.111.0.1/24", "fd11:1::1/64"),
		routes:    prefixes("0.0.0.0/0", "::/0"),
	}
}

// prefixes parses what the program itself says.
func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, s := range texts {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// parsePrefixes returns the parser of a list.
func parsePrefixes(to *[]netip.Prefix) func(string) error {
	return func(s string) error {
		*to = nil
		for text := range strings.SplitSeq(s, ",") {
			p, err := netip.ParsePrefix(strings.TrimSpace(text))
			if err != nil {
				return err
			}
			*to = append(*to, p)
		}
		return nil
	}
}

// only are the flags that belong to one form.
var only = map[string]string{
	"proxy": "rootless", "forward": "rootless", "size": "demo",
	"demo": "demo", "netns": "tunnel", "device": "tunnel", "mtu": "tunnel", "address": "tunnel", "route": "tunnel",
}

// validate refuses what makes no sense, all of it at once.
func (f *flags) validate(fs *flag.FlagSet) error {
	form := "tunnel"
	switch {
	case f.demo:
		form = "demo"
	case f.rootless:
		form = "rootless"
	}
	var errs []error
	fs.Visit(func(one *flag.Flag) {
		switch belongs := only[one.Name]; {
		case f.demo && belongs != form:
			errs = append(errs, fmt.Errorf("-demo excludes -%s", one.Name))
		case belongs != "" && belongs != form:
			errs = append(errs, fmt.Errorf("-%s is for the %s form", one.Name, belongs))
		}
	})
	if f.demo && len(f.program) > 0 {
		errs = append(errs, fmt.Errorf("-demo takes no program: %q", f.program))
	}
	return errors.Join(append(errs, f.values())...)
}

// values checks what the flags say.
func (f *flags) values() error {
	var errs []error
	if _, err := f.way.config(); err != nil {
		errs = append(errs, err)
	}
	if _, err := netip.ParseAddrPort(f.proxy); err != nil {
		errs = append(errs, fmt.Errorf("-proxy %q: %w", f.proxy, err))
	}
	if f.tunnel.mtu < 1280 || f.tunnel.mtu > 65535 {
		errs = append(errs, fmt.Errorf("-mtu %d: must be from 1280, which IPv6 needs, to 65535", f.tunnel.mtu))
	}
	if !f.demo && !f.rootless && f.tunnel.netns == "" && len(f.program) == 0 {
		errs = append(errs, errors.New("there is neither -netns nor a program: nobody would use the device"))
	}
	if f.size < 1 || f.size > 1<<20 {
		errs = append(errs, fmt.Errorf("-size %d: must be from 1 to %d", f.size, 1<<20))
	}
	if f.json && f.show == flowsTable {
		errs = append(errs, errors.New("-json excludes -flows table"))
	}
	return errors.Join(errs...)
}

// A forwarded address is one of this machine that stands for another one.
type forwarded struct{ network, local, target string }

// parseForwarded reads "[udp:]LOCAL=TARGET".
func parseForwarded(s string) (forwarded, error) {
	f := forwarded{network: "tcp"}
	rest, udp := strings.CutPrefix(s, "udp:")
	if udp {
		f.network = "udp"
	}
	var found bool
	if f.local, f.target, found = strings.Cut(rest, "="); !found {
		return f, errors.New("must be LOCAL=TARGET")
	}
	if _, err := netip.ParseAddrPort(f.local); err != nil {
		return f, err
	}
	if _, _, err := net.SplitHostPort(f.target); err != nil {
		return f, err
	}
	if udp {
		_, err := netip.ParseAddrPort(f.target)
		return f, err
	}
	return f, nil
}
