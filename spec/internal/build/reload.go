package build

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var reload = (*specv1.TLSConfig)(nil).ProtoReflect().Descriptor().Fields().ByName("reload")

// NoReload notes every tls.reload in m, for builders of what has no Close that
// could end the watching of files. mapper is the function that can do it.
func (p *Problems) NoReload(m proto.Message, mapper string) {
	if !m.ProtoReflect().IsValid() {
		return
	}
	_ = protorange.Options{Stable: true}.Range(m.ProtoReflect(), func(v protopath.Values) error { // the func has no errors
		step := v.Path.Index(-1)
		if step.Kind() == protopath.FieldAccessStep && step.FieldDescriptor() == reload {
			p.Addf(strings.TrimPrefix(v.Path[1:].String(), "."), nil, "nothing would end it: use %s, whose context does", mapper)
		}
		return nil
	}, nil)
}

// Bound calls f with a context that ends with ctx, or at once if f fails: then
// nothing that f started for it goes on, see [Until]. If nothing follows files it
// ends at once too: a ctx that lives long would keep each one.
func Bound[T any](ctx context.Context, f func(context.Context) (T, error)) (v T, err error) {
	ctx, stop := Until(ctx)
	defer func() {
		if err != nil || followersOf(ctx).none() {
			stop()
		}
	}()
	return f(ctx)
}
