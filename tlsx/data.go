package tlsx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Data names where a text comes from: a file, an environment variable, or the
// text itself. At most one of the fields is set; the zero Data is "nothing".
type Data struct {
	// File is the path of a regular file of at most 64 MiB. A [Source] follows
	// it; a relative one is of the working directory at the moment of reading.
	File string
	// Env is the name of an environment variable, which must be set and not
	// empty.
	Env string
	// Text is the text itself.
	Text string
}

// File is the content of the file at path.
func File(path string) Data { return Data{File: path} }

// Env is the value of the environment variable name.
func Env(name string) Data { return Data{Env: name} }

// Text is text itself.
func Text(text string) Data { return Data{Text: text} }

// maxData bounds what is read of one file, in bytes: revocation lists are the
// largest that there are.
const maxData = 64 << 20

var (
	errSeveral = errors.New("has more than one of File, Env and Text")
	errNothing = errors.New("is empty: want File, Env or Text")
	errLarge   = fmt.Errorf("is larger than %d bytes", maxData)
	errUnset   = errors.New("environment variable is not set, or empty")
	errNotFile = errors.New("is not a regular file")
)

// IsZero reports whether d names nothing.
func (d Data) IsZero() bool { return d == Data{} }

// String returns the file's name or the variable's, never what they hold:
// "server.pem", "$SERVER_KEY", "(text)".
func (d Data) String() string {
	switch {
	case d.File != "":
		return d.File
	case d.Env != "":
		return "$" + d.Env
	case d.Text != "":
		return "(text)"
	}
	return ""
}

// Format writes String, whatever the verb.
func (d Data) Format(f fmt.State, verb rune) {
	if !strings.ContainsRune("qxX", verb) {
		verb = 's'
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), d.String())
}

// MarshalText is String, for JSON and logs: what it returns cannot be read back.
func (d Data) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// check says whether d can be read at all.
func (d Data) check() error {
	n := 0
	for _, s := range []string{d.File, d.Env, d.Text} {
		if s != "" {
			n++
		}
	}
	if n > 1 {
		return errSeveral
	}
	if n == 0 {
		return errNothing
	}
	return nil
}

// read returns what d names.
func (d Data) read() ([]byte, error) {
	switch {
	case d.Text != "":
		return []byte(d.Text), nil
	case d.Env != "":
		text := os.Getenv(d.Env)
		if text == "" {
			return nil, errUnset
		}
		return []byte(text), nil
	}
	return readFile(d.File)
}

// Secret returns what d names, for a key of another protocol that stands where
// those of TLS do: a file must not be readable by others (mode 0640 or 0600, where
// modes say anything). A Data that names nothing, or several, is an error.
func (d Data) Secret() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if d.File != "" {
		if err := private(d.File); err != nil {
			return nil, err
		}
	}
	return d.read()
}

// readFile takes regular files only: a pipe would be waited for, perhaps for
// ever, and could be read only once.
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
	text, err := io.ReadAll(io.LimitReader(f, maxData+1))
	if err == nil && len(text) > maxData {
		err = errLarge
	}
	return text, err
}
