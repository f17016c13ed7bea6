package main

import "path/filepath"

// A loader fills a Config from the nodes of a file.
type loader struct {
	dir    string // where relative file names start
	config *Config
}

// file returns the name of a file that the configuration names.
func (l *loader) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(l.dir, name)
}

// document takes the whole file.
func (l *loader) document(v value) {
	v.mapping(fields{
		"drain":     set(&l.config.Drain, parseDuration),
		"listeners": l.listeners,
		"upstreams": l.upstreams,
	}, "listeners", "upstreams")
}

func (l *loader) listeners(v value) {
	for item := range v.items() {
		if n := l.listener(item); n != nil {
			l.config.Listeners = append(l.config.Listeners, n)
		}
	}
}

// listener takes one entry of listeners; nil is none.
func (l *loader) listener(v value) *Listener {
	n := newListener()
	n.at = v.at()
	ok := v.mapping(fields{
		"name":                note(&n.nameAt, set(&n.Name, parseName)),
		"address":             note(&n.addressAt, set(&n.Address, parseListenAddress)),
		"protocol":            set(&n.Protocol, parseProtocol),
		"options":             n.Options.required,
		"prefer":              n.Options.preferred,
		"tls":                 func(v value) { n.TLS = l.serverTLS(v) },
		"handshake_timeout":   set(&n.HandshakeTimeout, parseTimeout),
		"idle_timeout":        n.idle,
		"max_session":         n.key(TCP, set(&n.TCP.Session, parseDuration)),
		"read_header_timeout": n.key(HTTP, set(&n.HTTP.ReadHeader, parseTimeout)),
		"stall_timeout":       n.key(HTTP, set(&n.HTTP.Stall, parseTimeout)),
		"max_header":          n.key(HTTP, set(&n.HTTP.MaxHeader, parseHeaderSize)),
		"routes":              n.routes,
	}, "name", "address", "routes")
	if !ok {
		return nil
	}
	return n
}

// idle takes idle_timeout, which each protocol has with a default of its own.
func (n *Listener) idle(v value) {
	set(&n.TCP.Idle, parseTimeout)(v)
	n.HTTP.Idle = n.TCP.Idle
}

// key notes that a key belongs to one protocol.
func (n *Listener) key(p Protocol, take func(value)) func(value) {
	return func(v value) {
		n.only = append(n.only, onlyKey{at: v.at(), protocol: p})
		take(v)
	}
}

func (n *Listener) routes(v value) {
	for item := range v.items() {
		r := &Route{at: item.at()}
		ok := item.mapping(fields{
			"host":     note(&r.hostAt, set(&r.Host, parseHost)),
			"path":     note(&r.pathAt, set(&r.Path, parsePath)),
			"upstream": note(&r.nameAt, set(&r.name, parseName)),
		}, "upstream")
		if ok {
			n.Routes = append(n.Routes, r)
		}
	}
}

func (l *loader) upstreams(v value) {
	for item := range v.items() {
		if u := l.upstream(item); u != nil {
			l.config.Upstreams = append(l.config.Upstreams, u)
		}
	}
}

// upstream takes one entry of upstreams; nil is none.
func (l *loader) upstream(v value) *Upstream {
	u := newUpstream()
	u.at = v.at()
	ok := v.mapping(fields{
		"name":              note(&u.nameAt, set(&u.Name, parseName)),
		"address":           note(&u.addressAt, set(&u.Address, parseDialAddress)),
		"echo":              note(&u.echoAt, set(&u.Echo, parseProtocol)),
		"options":           u.Options.required,
		"prefer":            u.Options.preferred,
		"tls":               func(v value) { u.TLS = l.clientTLS(v) },
		"dial_timeout":      set(&u.DialTimeout, parseTimeout),
		"handshake_timeout": set(&u.HandshakeTimeout, parseTimeout),
		"response_timeout":  set(&u.ResponseTimeout, parseTimeout),
	}, "name")
	if !ok {
		return nil
	}
	return u
}
