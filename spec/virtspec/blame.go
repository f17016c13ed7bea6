package virtspec

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

// words are what fields of package simnet are called in messages, where that is not
// their own name in other letters.
var words = []struct {
	field *regexp.Regexp
	to    string
}{
	{regexp.MustCompile(`^Config\.`), ""},
	{regexp.MustCompile(`^(Subnets|Links)(\[\d+\])\.Link\b`), "$1$2.Quality"},
	{regexp.MustCompile(`\.Bandwidth$`), ".BandwidthBitsPerSecond"},
	{regexp.MustCompile(`\.MTU$`), ".MtuBytes"},
	{regexp.MustCompile(`\.Firewall\.Default$`), ".Firewall.DefaultAction"},
}

var faultField = regexp.MustCompile(`^Faults\[(\d+)\]\.Fault$`)

// blamer returns what takes errors of package simnet apart.
func blamer(m *specv1.VirtualNetwork) func(error) (build.Blame, bool) {
	return func(err error) (build.Blame, bool) {
		e, ok := errors.AsType[*simnet.Error](err)
		if !ok {
			return build.Blame{}, false
		}
		blame := build.Blame{Field: e.Field, Value: e.Value, Err: e.Err}
		if at := faultField.FindStringSubmatch(e.Field); at != nil {
			i, _ := strconv.Atoi(at[1]) // digits only
			blame = ofFault(m.GetFaults()[i], "Faults["+at[1]+"]", e)
		}
		for _, w := range words {
			blame.Field = w.field.ReplaceAllString(blame.Field, w.to)
		}
		return blame, true
	}
}

// ofFault names the field of the fault's action, or what is wrong with the link that
// it sets.
func ofFault(m *specv1.Fault, field string, e *simnet.Error) build.Blame {
	r := m.ProtoReflect()
	if set := r.WhichOneof(r.Descriptor().Oneofs().ByName("action")); set != nil {
		field += "." + string(set.Name())
	}
	if inner, ok := errors.AsType[*simnet.Error](e.Err); ok {
		return build.Blame{Field: field + ".Quality." + inner.Field, Value: inner.Value, Err: inner.Err}
	}
	return build.Blame{Field: field, Err: e.Err}
}
