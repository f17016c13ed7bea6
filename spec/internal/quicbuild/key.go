package quicbuild

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// KeyLength is that of a key, in bytes.
const KeyLength = 32

// maxKeyFile bounds what is read of a file: a key in hex, and white space.
const maxKeyFile = 4 << 10

var (
	errNothing = errors.New("names nothing: want file, env or text")
	errUnset   = errors.New("environment variable is not set, or empty")
	errNotFile = errors.New("is not a regular file")
	errLarge   = fmt.Errorf("is larger than %d bytes", maxKeyFile)
	errDigits  = errors.New("is not of hex digits: want 64 of them, 32 bytes")
	errZeros   = errors.New("is a key of zeros")
)

// Key reads a key of KeyLength bytes, nil for nil: 64 hex digits, in a file also
// 32 raw bytes. No error shows any of it.
func Key(p *build.Problems, path string, d *specv1.DataSource) []byte {
	if d == nil {
		return nil
	}
	text, raw, err := read(d)
	if err == nil {
		text, err = parse(text, raw)
	}
	if err != nil {
		p.Add(path, name(d), err)
		return nil
	}
	return text
}

// name is what may be shown.
func name(d *specv1.DataSource) any {
	switch s := d.GetSource().(type) {
	case *specv1.DataSource_File:
		return s.File
	case *specv1.DataSource_Env:
		return "$" + s.Env
	}
	return nil
}

// read returns what the source holds, and whether that may be raw.
func read(d *specv1.DataSource) (text []byte, raw bool, err error) {
	switch s := d.GetSource().(type) {
	case *specv1.DataSource_File:
		text, err = readFile(s.File)
		return text, true, err
	case *specv1.DataSource_Env:
		if text = []byte(os.Getenv(s.Env)); len(text) == 0 {
			return nil, false, errUnset
		}
		return text, false, nil
	case *specv1.DataSource_Text:
		return []byte(s.Text), false, nil
	}
	return nil, false, errNothing
}

// readFile takes regular files only, as a pipe would be waited for.
func readFile(path string) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotFile
	}
	if err := private(info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = errLarge
	}
	return text, err
}

// parse checks the exact length: a shorter key would be a weaker one.
func parse(text []byte, raw bool) ([]byte, error) {
	key := text
	if !raw || len(text) != KeyLength {
		text = bytes.TrimSpace(text)
		key = make([]byte, hex.DecodedLen(len(text)))
		if _, err := hex.Decode(key, text); err != nil {
			return nil, errDigits // hex's own error shows a digit
		}
	}
	if len(key) != KeyLength {
		return nil, fmt.Errorf("has %d bytes, not %d", len(key), KeyLength)
	}
	if bytes.Equal(key, make([]byte, KeyLength)) {
		return nil, errZeros
	}
	return key, nil
}
