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
