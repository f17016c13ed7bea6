package socketz

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"
	"weak"
)

// A ref leads to a value behind a pointer of any type, as long as somebody else does too.
type ref struct {
	elem reflect.Type
	ptr  weak.Pointer[byte]
}

// refer returns a ref to what v points to.
func refer(v any) (ref, error) {
	p := reflect.ValueOf(v)
	fail := func(why string) (ref, error) {
		return ref{}, &Error{Op: "add", Field: "Conn", Value: fmt.Sprintf("%T", v), Err: badValue(why)}
	}
	switch {
	case !p.IsValid():
		return fail("is nil")
	case p.Kind() != reflect.Pointer:
		return fail("is not a pointer, so it cannot be followed without keeping it alive")
	case p.IsNil():
		return fail("is nil")
	case p.Type().Elem().Size() == 0:
		return fail("points to nothing that has a size, so its end cannot be seen")
	}
	return ref{elem: p.Type().Elem(), ptr: weak.Make((*byte)(p.UnsafePointer()))}, nil
}

// value returns the pointer; nil when what it pointed to is gone.
func (r ref) value() any {
	p := r.ptr.Value()
	if p == nil {
		return nil
	}
	return reflect.NewAt(r.elem, unsafe.Pointer(p)).Interface()
}

// onEnd makes the garbage collector call f when the value is gone. What f leads to stays until then, or until the result
// is stopped; if that is the value itself, it stays until it is stopped.
func (r ref) onEnd(f func()) (cleanup runtime.Cleanup) {
	if p := r.ptr.Value(); p != nil {
		cleanup = runtime.AddCleanup(p, func(f func()) { f() }, f)
	}
	return cleanup
}

// String names the type: "*net.TCPConn".
func (r ref) String() string { return "*" + r.elem.String() }
