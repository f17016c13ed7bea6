// Package quicbuild has what the builders of both QUIC engines share.
package quicbuild

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
)

// Rules say where the errors of a module's Check belong in a message.
type Rules struct {
	// Names are those of Go fields that are called otherwise in the message.
	Names map[string]string
	// Take takes an error of the module apart.
	Take func(error) (build.Blame, bool)
	// Option returns the path of a socket option by its kernel name.
	Option func(name string) string
}

// Check notes what a module's Check returned, each socket option at its place.
func (r *Rules) Check(p *build.Problems, err error) {
	names := maps.Clone(r.Names)
	var all []error
	for _, err := range build.Flatten(err) {
		b, ok := r.Take(err)
		if !ok || !strings.HasSuffix(b.Field, "Options") {
			all = append(all, err)
			continue
		}
		for _, cause := range build.Flatten(b.Err) {
			part := &option{field: fmt.Sprintf("%s[%d]", b.Field, len(all)), cause: cause, whole: err}
			name := part.take(b.Value)
			names[part.field] = r.Option(name)
			all = append(all, part)
		}
	}
	p.Module(errors.Join(all...), names, r.blame)
}

// Within returns the rules for a message that is only the part of another one which
// Go calls field, and the schema path.
func (r *Rules) Within(field, path string) *Rules {
	names := map[string]string{}
	for name, to := range r.Names {
		names[strings.TrimPrefix(name, field+".")] = strings.TrimPrefix(to, path+".")
	}
	take := func(err error) (build.Blame, bool) {
		b, ok := r.Take(err)
		b.Field = strings.TrimPrefix(b.Field, field+".")
		return b, ok
	}
	return &Rules{Names: names, Take: take, Option: r.Option}
}

// blame is Take for a document: values as it has them, and no names of Go.
func (r *Rules) blame(err error) (build.Blame, bool) {
	if o, ok := err.(*option); ok { //nolint:errorlint // it is never wrapped
		return build.Blame{Field: o.field, Value: o.value, Err: o.cause}, true
	}
	b, ok := r.Take(err)
	if !ok {
		return b, false
	}
	if text, ok := texts[strings.TrimPrefix(b.Field, "Listen.")]; ok {
		b.Err = errors.New(text)
	} else {
		b.Err = errors.New(words.Replace(b.Err.Error()))
	}
	b.Value = value(b)
	return b, true
}

// texts are for fields of which a module speaks in Go.
var texts = map[string]string{
	"TLS.Certificates": "required for a listener",
}

// words are names of Go in what modules say.
var words = strings.NewReplacer(
	"MaxIdleTimeout", "max_idle_timeout", "HandshakeTimeout", "handshake_timeout", "MaxHandshakes", "max_handshakes",
	"Dial.QUIC.EnableDatagrams=true", "dial.quic.enable_datagrams: true",
	"Listen.QUIC.EnableDatagrams=true", "listen.quic.enable_datagrams: true",
	"EnableDatagrams", "enable_datagrams", "Retry=", "retry ", "Options has", "options has",
)

// value shows texts and durations as a document has them.
func value(b build.Blame) string {
	_, err := strconv.ParseFloat(b.Value, 64)
	switch {
	case b.Value == "nil":
		return ""
	case err == nil, b.Value == "", b.Value == "true", b.Value == "false", b.Value[0] == '[':
		return b.Value
	}
	return strconv.Quote(strings.TrimPrefix(b.Value, "TLS "))
}

// option is one of those that a module has refused together.
type option struct {
	field, value string
	cause, whole error
}

// take returns the name of the option. "NAME=value" is that of an error without it.
func (o *option) take(text string) string {
	if own, ok := build.Is[*sockopt.Error](o.cause); ok {
		o.cause, o.whole, o.value = own.Err, errors.Join(own, o.whole), own.Value
		return own.Option
	}
	name, value, _ := strings.Cut(text, "=")
	o.value = value
	return name
}

func (o *option) Error() string { return o.whole.Error() }
func (o *option) Unwrap() error { return o.whole }
