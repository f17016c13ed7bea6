package dtlsspec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strata-net/strata/dtlsx"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

const (
	maxKey  = 1024    // bytes
	maxKeys = 1 << 16 // lines of keys_from

	maxBadLines = 10 // that are told
)

var (
	errHex      = errors.New("is no key in hexadecimal")
	errKeySize  = fmt.Errorf("is not a key of 1 to %d bytes", maxKey)
	errNoColon  = errors.New("has no colon between identity and key")
	errTwice    = errors.New("has a key already")
	errTooMany  = fmt.Errorf("has more than %d lines", maxKeys)
	errNoKeys   = errors.New("has no key: set keys or keys_from")
	errNoKeyOf  = errors.New("has no key in keys or keys_from")
	errNoSource = errors.New("is empty: want file, env or text")
)

// keys are those of all identities.
type keys map[string][]byte

// psk converts the field dtls.psk.
func (b *builder) psk(m *specv1.DTLSConfig_PSK) *dtlsx.PSK {
	if m == nil {
		return nil
	}
	k := keys{}
	for _, identity := range slices.Sorted(maps.Keys(m.GetKeys())) {
		b.secret("dtls.psk.keys."+identity, m.GetKeys()[identity], func(text []byte) error {
			return k.add(identity, string(bytes.TrimSpace(text)))
		})
	}
	if m.GetKeysFrom() != nil {
		b.secret("dtls.psk.keys_from", m.GetKeysFrom(), k.read)
	}
	if len(k) == 0 && !b.Has("dtls.psk") {
		b.Add("dtls.psk", nil, errNoKeys)
	}
	p := &dtlsx.PSK{Key: k.of}
	if m.Identity != nil {
		p.Identity = []byte(m.GetIdentity())
	}
	if m.Hint != nil {
		p.Hint = []byte(m.GetHint())
	}
	if b.side == client {
		p.Key = b.own(m, k)
	}
	return p
}

// own returns the key of a client, whatever the server's hint is.
func (b *builder) own(m *specv1.DTLSConfig_PSK, k keys) func([]byte) ([]byte, error) {
	key, ok := k[m.GetIdentity()]
	if !ok && m.GetIdentity() != "" && !b.Has("dtls.psk") {
		b.Add("dtls.psk.identity", m.GetIdentity(), errNoKeyOf)
	}
	return func([]byte) ([]byte, error) { return slices.Clone(key), nil }
}

// secret reads a text, and lets parse look at it.
func (b *builder) secret(path string, m *specv1.DataSource, parse func([]byte) error) {
	d := tlsx.Data{File: m.GetFile(), Env: m.GetEnv(), Text: m.GetText()}
	if d.IsZero() {
		b.Add(path, nil, errNoSource)
		return
	}
	text, err := d.Secret()
	if err == nil {
		err = parse(text)
	}
	for _, err := range errs(err) {
		b.Add(path, place(d), err)
	}
}

// place is where a text comes from, and never the text.
func place(d tlsx.Data) any {
	if d.Text != "" {
		return nil
	}
	return d.String()
}

// of is a server's dtlsx.PSK.Key.
func (k keys) of(identity []byte) ([]byte, error) {
	if key, ok := k[string(identity)]; ok {
		return slices.Clone(key), nil
	}
	return nil, fmt.Errorf("identity %q is not known", identity)
}

// add takes a key in. Errors have no part of it.
func (k keys) add(identity, text string) error {
	key, err := hex.DecodeString(text)
	switch _, twice := k[identity]; {
	case err != nil:
		return errHex
	case len(key) == 0 || len(key) > maxKey:
		return errKeySize
	case twice:
		return errTwice
	}
	k[identity] = key
	return nil
}

// read takes lines in.
func (k keys) read(text []byte) error {
	var all []error
	n := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(text, []byte("\ufeff")))) {
		if n++; n > maxKeys {
			return errors.Join(append(all, errTooMany)...)
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := k.line(line); err != nil {
			all = append(all, fmt.Errorf("line %d %w", n, err))
		}
		if len(all) == maxBadLines {
			break
		}
	}
	return errors.Join(all...)
}

// line takes one in: an identity may have colons, a key has none.
func (k keys) line(line string) error {
	i := strings.LastIndexByte(line, ':')
	if i < 0 {
		return errNoColon
	}
	return k.add(line[:i], line[i+1:])
}
