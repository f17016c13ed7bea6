package tlsx

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ticketKey is what crypto/tls makes its ticket keys of.
type ticketKey = [32]byte

// maxTicketKeys bounds how many keys a ticket is tried with: hourly rotation
// over two days, with room.
const maxTicketKeys = 64

var (
	errTicketsOff  = errors.New("is not used: Tickets.Off is set")
	errNoKeys      = errors.New("holds no key: want 32 bytes in base64 or hex a line, or 32 raw bytes")
	errZeroKey     = errors.New("is a key of zeros")
	errTooManyKeys = fmt.Errorf("is one key too many: want at most %d", maxTicketKeys)
)

func (t *Tickets) check(p *problems) {
	for i, d := range t.Keys {
		at := fmt.Sprintf("Tickets.Keys[%d]", i)
		p.add("config", at, d.String(), d.check())
		if t.Off {
			p.add("config", at, d.String(), errTicketsOff)
		}
	}
}

// load returns the keys of all texts in order; nil if there are none.
func (t *Tickets) load(p *problems) []ticketKey {
	var all []ticketKey
	from := map[ticketKey]string{}
	for i, d := range t.Keys {
		at := fmt.Sprintf("Tickets.Keys[%d]", i)
		keys, err := d.ticketKeys()
		p.add("load", at, d.String(), err)
		for _, k := range keys {
			if first, ok := from[k]; ok {
				p.add("load", at, d.String(), fmt.Errorf("has a key that %s has too", first))
				continue
			}
			from[k] = at
			all = append(all, k)
		}
		if len(all) > maxTicketKeys {
			p.add("load", at, d.String(), errTooManyKeys)
			return nil
		}
	}
	return all
}

// ticketKeys reads the keys that d names.
func (d Data) ticketKeys() ([]ticketKey, error) {
	text, err := d.Secret()
	if err != nil {
		return nil, err
	}
	return parseTicketKeys(text)
}

// parseTicketKeys reads one raw key, or one key a line; empty lines and lines
// that start with # are skipped. Errors have the number of the line, and never
// a part of it.
func parseTicketKeys(text []byte) ([]ticketKey, error) {
	if len(text) == len(ticketKey{}) {
		return rawTicketKey(text)
	}
	var keys []ticketKey
	n := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(text, byteOrderMark))) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if len(keys) > maxTicketKeys {
			return nil, errTooManyKeys
		}
		key, err := parseTicketKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", n, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

// parseTicketKey reads 64 digits, or base64 of either alphabet, padded or not.
func parseTicketKey(line string) (key ticketKey, err error) {
	raw, err := hex.DecodeString(line)
	if err != nil || len(raw) != len(key) {
		line = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(line, "="))
		raw, err = base64.RawStdEncoding.Strict().DecodeString(line)
	}
	if err != nil {
		return key, errors.New("is neither base64 nor hex of 32 bytes")
	}
	if len(raw) != len(key) {
		return key, fmt.Errorf("is a key of %d bytes: want 32", len(raw))
	}
	copy(key[:], raw)
	if key == (ticketKey{}) {
		return key, errZeroKey
	}
	return key, nil
}

func rawTicketKey(text []byte) ([]ticketKey, error) {
	key := ticketKey(text)
	if key == (ticketKey{}) {
		return nil, errZeroKey
	}
	return []ticketKey{key}, nil
}
