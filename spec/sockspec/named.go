package sockspec

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
)

// exact is the largest integer up to which a double, which a number of a
// google.protobuf.Value is, tells each from its neighbours.
const exact = 1<<53 - 1

// named returns the options of a map, sorted by name.
func named(p *build.Problems, path string, values map[string]*structpb.Value, prefer bool) []*entry {
	var entries []*entry
	for _, name := range slices.Sorted(maps.Keys(values)) {
		e := &entry{path: path + "." + name, name: name, prefer: prefer}
		entries = append(entries, e)
		if why := badName(name); why != "" {
			e.refusef(p, why)
			continue
		}
		if o, err := sockopt.Parse(name + "=0x"); err == nil {
			e.name = o.Name() // "06/4" is "6/4"
		}
		e.take(p, values[name])
	}
	return entries
}

// badName refuses names that sockopt.Parse would read in another way than they stand.
func badName(name string) string {
	switch {
	case strings.TrimSpace(name) != name, strings.Contains(name, "="):
		return "not the name of an option"
	case strings.HasSuffix(name, "?"):
		return "not the name of an option; one that may be lacking belongs to prefer"
	}
	return ""
}

// take reads the value of the entry.
func (e *entry) take(p *build.Problems, v *structpb.Value) {
	info, known := sockopt.Lookup(e.name)
	var want string
	switch v := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		e.value, e.text = v.StringValue, v.StringValue
		e.spaces(p)
		return
	case *structpb.Value_BoolValue:
		e.value, e.text = v.BoolValue, strconv.FormatBool(v.BoolValue)
		want = refused(info.Kind, known, sockopt.KindBool)
	case *structpb.Value_NumberValue:
		e.number(p, v.NumberValue)
		want = refused(info.Kind, known, sockopt.KindInt, sockopt.KindUint32, sockopt.KindUint64, sockopt.KindDuration, sockopt.KindLinger)
	case *structpb.Value_ListValue:
		want = "a list is no value of an option"
	case *structpb.Value_StructValue:
		want = "an object is no value of an option"
	default:
		want = "null is no value of an option: leave it out, or give one"
	}
	if want != "" && !e.bad {
		e.refusef(p, want)
	}
}

// refused says what is wanted instead of a value that none of the kinds takes. A name
// that is not known is left to sockopt.Parse.
func refused(kind sockopt.Kind, known bool, kinds ...sockopt.Kind) string {
	switch {
	case !known || slices.Contains(kinds, kind):
		return ""
	case kind == sockopt.KindBool:
		return "want true or false"
	case kind == sockopt.KindInt || kind == sockopt.KindUint32 || kind == sockopt.KindUint64:
		return "want a number"
	case kind == sockopt.KindString:
		return "want a string"
	}
	return fmt.Sprintf("want a string with a %s", kind)
}

// number takes a number as the value, if it is whole and exact.
func (e *entry) number(p *build.Problems, n float64) {
	e.text = strconv.FormatFloat(n, 'f', -1, 64)
	if math.Abs(n) > math.MaxUint64 {
		e.text = strconv.FormatFloat(n, 'g', -1, 64) // not its hundreds of digits
	}
	e.value = json.Number(e.text) // shown as it is
	switch {
	case math.IsNaN(n), math.IsInf(n, 0), math.Trunc(n) != n:
		e.refusef(p, "want a whole number")
	case math.Abs(n) > exact:
		e.refusef(p, fmt.Sprintf("a number above %d is not exact: write it in quotes", exact))
	case n == 0:
		e.text, e.value = "0", json.Number("0") // also for -0
	}
}
