package build

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Enum is what the code of an enum has.
type Enum interface {
	~int32
	protoreflect.Enum
}

// Number returns v as a T that has the same numbers, 0 for nil. A number that the
// enum lacks is noted; it is returned too, so that the module does not take it for
// the default one and finds faults that only follow.
func Number[T ~int, E Enum](p *Problems, path string, v *E) T {
	if v == nil {
		return 0
	}
	values := (*v).Descriptor().Values()
	if values.ByNumber((*v).Number()) == nil {
		p.Addf(path, int32(*v), "is none of %s", strings.Join(words(values), ", "))
	}
	return T(*v)
}

func words(values protoreflect.EnumValueDescriptors) []string {
	var list []string
	for i := range values.Len() {
		list = append(list, string(values.Get(i).Name()))
	}
	return list
}
