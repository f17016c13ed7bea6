package document

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// binary reads protobuf's wire form. Its fields are counted first, since two
// bytes can become a message of hundreds.
func (r *reader) binary(data []byte, m protoreflect.Message) {
	r.count(data, m.Descriptor(), 1)
	if r.over {
		return
	}
	o := proto.UnmarshalOptions{RecursionLimit: 3*r.MaxDepth + 1} // a Value in a Value takes three levels
	if err := o.Unmarshal(data, m.Interface()); err != nil {
		r.fail(nil, nil, "", &cause{protobufText(err), err})
		return
	}
	strangers(nil, m, func(at *step) { r.fail(at, nil, "", errUnknownBinary) })
	r.errs = byPath(r.errs)
}

// count counts the fields of a message and of those inside, also the broken ones:
// proto.Unmarshal tells those.
func (r *reader) count(data []byte, d protoreflect.MessageDescriptor, depth int) {
	if depth > 3*r.MaxDepth {
		r.stop(nil, nil, tooDeep(r.MaxDepth))
	}
	for len(data) > 0 && !r.over {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		size := protowire.ConsumeFieldValue(number, kind, data[n:])
		if size < 0 {
			return
		}
		if r.nodes++; r.nodes > r.MaxNodes {
			r.stop(nil, nil, tooMany(r.MaxNodes))
		}
		fd := d.Fields().ByNumber(number)
		if kind == protowire.BytesType && fd != nil {
			inner, _ := protowire.ConsumeBytes(data[n:])
			if fd.Message() != nil {
				r.count(inner, fd.Message(), depth+1)
			}
		}
		data = data[n+size:]
	}
}

// strangers calls f for each message that has fields which the schema does not
// know.
func strangers(at *step, m protoreflect.Message, f func(at *step)) {
	if len(m.GetUnknown()) > 0 {
		f(at)
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := at.field(string(fd.Name()))
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				strangers(at.entry(k.String()), v.Message(), f)
				return true
			})
		case fd.IsList() && fd.Message() != nil:
			for i := range v.List().Len() {
				strangers(at.item(i), v.List().Get(i).Message(), f)
			}
		case fd.Message() != nil && !fd.IsMap():
			strangers(at, v.Message(), f)
		}
		return true
	})
}
