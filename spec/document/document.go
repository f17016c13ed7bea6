package document

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
)

// Options say how a document is read. The zero value, and nil, are useful.
type Options struct {
	// Format is the form of the document. 0: by the end of its name, YAML without
	// a name.
	Format Format

	// Env looks up what ${NAME} and ${NAME:-default} inside of values of YAML and
	// JSON stand for; os.LookupEnv has the process's environment. nil: they are
	// plain text.
	Env func(name string) (string, bool)

	// MaxBytes is the size of a document, before and after substitution. 0: 4 MiB.
	// Not negative.
	MaxBytes int

	// MaxDepth is how deeply lists and objects may be nested. 0: 64. At most 1000.
	// Not negative.
	MaxDepth int

	// MaxNodes is the number of lists, objects and scalars, each counted as often
	// as aliases repeat it; it bounds memory, about 1 KiB each. In YAML also the
	// number of marks that can begin one ("- ", ": ", commas, opening brackets),
	// wherever they stand. 0: 100,000. Not negative.
	MaxNodes int

	// MaxErrors is how many errors are told; one more says that there are others.
	// 0: 100. Not negative.
	MaxErrors int

	// Check finds what is wrong with the message beyond its form, such as a mapper
	// of netspec does, so that both kinds of errors are told at once, by their lines.
	// It gets the message as far as it could be read, also when reading found
	// errors, but not after a limit or a fault of syntax; it must not keep it. Its
	// errors get their places ([Source.Locate]). What it says of a field that reading
	// found fault with, or of one inside or around it, is left out: it only follows.
	// nil: the form is all that is checked.
	Check func(m proto.Message) error
}

// What the zero Options stand for, and what MaxDepth may be.
const (
	defaultBytes  = 4 << 20
	defaultDepth  = 64
	defaultNodes  = 100_000
	defaultErrors = 100
	maxDepth      = 1000
)

// withDefaults returns a copy that has every limit.
func (o *Options) withDefaults() (*Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	for _, limit := range []struct {
		name     string
		value    *int
		standard int
		most     int
	}{
		{"MaxBytes", &c.MaxBytes, defaultBytes, 0},
		{"MaxDepth", &c.MaxDepth, defaultDepth, maxDepth},
		{"MaxNodes", &c.MaxNodes, defaultNodes, 0},
		{"MaxErrors", &c.MaxErrors, defaultErrors, 0},
	} {
		switch v := *limit.value; {
		case v == 0:
			*limit.value = limit.standard
		case v < 0:
			return nil, fmt.Errorf("document: %s: %d: negative", limit.name, v)
		case limit.most > 0 && v > limit.most:
			return nil, fmt.Errorf("document: %s: %d: at most %d", limit.name, v, limit.most)
		}
	}
	return &c, nil
}

// Unmarshal reads a document into m, which it replaces; when it fails m stays as
// it was. The name is for errors and, if the options have no format, for the
// format; "" is none. It returns every error at once, each an *[spec.Error].
func Unmarshal(name string, data []byte, m proto.Message, o *Options) (*Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if m == nil || !m.ProtoReflect().IsValid() {
		return nil, errors.New("document: no message to read into")
	}
	if o.Format == 0 {
		if o.Format, err = formatOf(name); err != nil {
			return nil, &spec.Error{File: name, Err: err}
		}
	}
	r := &reader{Options: *o, file: name}
	if len(data) > o.MaxBytes {
		return nil, &spec.Error{File: name, Err: tooLong(o.MaxBytes)}
	}
	fresh := m.ProtoReflect().New()
	root := r.read(data, fresh)
	if err := r.check(fresh.Interface(), root); err != nil {
		return nil, err
	}
	proto.Reset(m)
	proto.Merge(m, fresh.Interface())
	return &Source{file: name, root: root}, nil
}

func tooLong(most int) error { return fmt.Errorf("longer than %d bytes", most) }
