package lonet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// maxRecord bounds the text of a host's file: two names and a newline.
const maxRecord = 4 * maxName

// errRecord says that the text of a host's file is none.
var errRecord = errors.New("not the record of a host")

// record is what the file of a host says.
type record struct {
	host string // whose file it is: long names are cut in the file's name
	data string // where to dial
}

// String returns the text of the file.
func (r record) String() string { return fmt.Sprintf("%q %q\n", r.host, r.data) }

// parseRecord reads the text of a file.
func parseRecord(text string) (record, error) {
	host, rest, ok := cutQuoted(text)
	if !ok || rest == "" || rest[0] != ' ' {
		return record{}, errRecord
	}
	data, rest, ok := cutQuoted(rest[1:])
	if !ok || rest != "\n" {
		return record{}, errRecord
	}
	return record{host: host, data: data}, nil
}

// cutQuoted unquotes what text begins with, in double quotes, and returns what
// follows.
func cutQuoted(text string) (value, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil || quoted[0] != '"' {
		return "", text, false
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err == nil
}

// readRecord reads the record of a host from its file.
func readRecord(f *os.File, host string) (record, error) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, maxRecord+1))
	if err != nil {
		return record{}, err
	}
	r, err := parseRecord(string(text))
	if err == nil && r.host != host {
		err = fmt.Errorf("%w: it is that of %q", errRecord, r.host)
	}
	if err != nil {
		return record{}, &os.PathError{Op: "read", Path: f.Name(), Err: err}
	}
	return r, nil
}
