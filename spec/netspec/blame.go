package netspec

import (
	"errors"
	"strconv"
	"strings"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/sockspec"
)

// names are the fields that are not called as those of Go in other letters.
var names = map[string]string{
	"MaxDatagram":             "max_datagram_bytes",
	"MaxMemory":               "max_memory_bytes",
	"MinReceiveRate":          "min_receive_bytes_per_second",
	"ProxyProtocol.MaxHeader": "proxy_protocol.max_header_bytes",
}

// words are names of Go in what modules say of a config.
var words = strings.NewReplacer(
	"LocalAddrs=", "local_addrs=", "LocalAddr=", "local_addr=", "Options=", "options ",
	"not together with LocalAddr", "not together with local_addr",
	"there are Proxies as well", "there are proxies as well",
	"needs AcceptRate", "needs accept_rate",
	"needs MinReceiveRate", "needs min_receive_bytes_per_second",
	"needs Shards above 1", "needs shards above 1",
	", and Options has ", ", and the options have ",
	" is in Address already", " is in address already",
	" is in Addresses[", " is in addresses[",
	"MPTCP with SteerByCPU", "MPTCP with steer_by_cpu",
	"Refuse or EvictIdle", "refuse or evict_idle",
	"set mode and owner of the file", "set unix_mode and unix_owner",
	"use NewPacketConn", "use PacketConnConfig", "use New", "use ListenConfig",
	"use the field GSO", "use gso", "use the field GRO", "use gro",
	"dialer: ", "", "listener: ", "",
)

// check notes what a module's Check returned, socket options at their places.
func check(p *build.Problems, err error, m socketed) {
	var rest []error
	for _, err := range build.Flatten(err) {
		b, ok := take(err)
		if !ok || b.Field != "Options" {
			rest = append(rest, err)
			continue
		}
		for _, cause := range build.Flatten(b.Err) {
			blameOption(p, b.Value, err, cause, m)
		}
	}
	p.Module(errors.Join(rest...), names, blame)
}

// blameOption notes what is wrong with one option, of which text is NAME=value
// where the cause does not say it.
func blameOption(p *build.Problems, text string, whole, cause error, m socketed) {
	name, given, _ := strings.Cut(text, "=")
	short := errors.New(words.Replace(cause.Error()))
	if o, ok := build.Is[*sockopt.Error](cause); ok {
		name, given, short = o.Option, o.Value, o.Err
	}
	path := sockspec.Field(name, m.GetSocket(), m.GetOptions(), m.GetPrefer())
	if path == "" {
		path, given = "options", name+"="+given // it is none of the message
	}
	p.Because(path, plain(value(given)), short, errors.Join(cause, whole))
}

// plain is a value that is shown as it is.
type plain string

func (v plain) String() string { return string(v) }

// blame is take for a document: values as it has them, and no names of Go.
func blame(err error) (build.Blame, bool) {
	b, ok := take(err)
	if !ok {
		return b, false
	}
	b.Field = proxyField(b.Field)
	if b.Value = value(b.Value); b.Field == "UnixMode" || b.Field == "UnixOwner" {
		b.Value = "" // it has another form here
	}
	b.Err = errors.New(words.Replace(b.Err.Error()))
	return b, true
}

// take takes an error of the modules apart.
func take(err error) (build.Blame, bool) {
	switch e := err.(type) { //nolint:errorlint // they are never wrapped
	case *dialer.Error:
		return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
	case *listener.Error:
		return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
	case *udpbatch.Error:
		return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
	case *udpsession.Error:
		return build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}, true
	}
	return build.Blame{}, false
}

// proxyField gives a proxy's faults to its URL, and its size the name that it has
// here.
func proxyField(field string) string {
	switch {
	case !strings.HasPrefix(field, "Proxies["):
		return field
	case strings.HasSuffix(field, "]"):
		return field + ".URL"
	case strings.HasSuffix(field, ".MaxHeader"):
		return field + "Bytes"
	}
	return field
}

// value shows texts and durations as a document has them.
func value(text string) string {
	if _, err := strconv.ParseFloat(text, 64); err == nil || text == "" || text == "true" || text == "false" {
		return text
	}
	return strconv.Quote(text)
}
