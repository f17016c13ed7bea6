package document

import (
	"errors"
	"io"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
)

// errKind is why devices, pipes and folders are refused: they may have no end.
var errKind = errors.New("is no regular file")

// Load reads the document in a regular file as [Unmarshal] does.
func Load(path string, m proto.Message, o *Options) (*Source, error) {
	full, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	data, err := readFile(path, full.MaxBytes)
	if err != nil {
		return nil, &spec.Error{File: path, Err: err}
	}
	return Unmarshal(path, data, m, o)
}

// readFile reads at most a byte more than most, whatever size the file says it
// has: those of /proc say 0.
func readFile(path string, most int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errKind
	case info.Size() > int64(most):
		return nil, tooLong(most)
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(data) > most {
		err = tooLong(most)
	}
	return data, err
}
