package sockspec

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Options returns the socket options of a message: those of socket by level, those
// of options by kernel name, and those of prefer, which are left out where they are
// lacking ([sockopt.Prefer]). They are in the order of the table, whatever the order
// of the document; those that the schema has no field for come last, by name.
// Without any option the list is nil.
//
// An option that stands twice, a name that does not exist, a value of the wrong form
// or out of range, and an option of socket or options that this platform lacks
// (errors.ErrUnsupported) are errors, all joined: each an *spec.Error whose path
// begins with socket, options or prefer and which unwraps to the *sockopt.Error.
// Whether an option fits the network and the stage is for the config's own check.
func Options(socket *specv1.SockOption, options, prefer map[string]*structpb.Value) (sockopt.Options, error) {
	var p build.Problems
	entries := typed(&p, socket)
	entries = append(entries, named(&p, "options", options, false)...)
	entries = append(entries, named(&p, "prefer", prefer, true)...)
	once(&p, entries)
	var list sockopt.Options
	for _, e := range sorted(entries) {
		if o, ok := e.option(&p); ok {
			list = append(list, o)
		}
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// Field returns the path of the option with the kernel name among the three fields:
// "socket.tcp.keepidle", "options.TCP_KEEPIDLE"; "" if it is in none. It is for what a
// config's check says of one option of the list.
func Field(name string, socket *specv1.SockOption, options, prefer map[string]*structpb.Value) string {
	var p build.Problems
	entries := typed(&p, socket)
	entries = append(entries, named(&p, "options", options, false)...)
	for _, e := range append(entries, named(&p, "prefer", prefer, true)...) {
		if e.name == name {
			return e.path
		}
	}
	return ""
}
