package spectest

import "reflect"

// differ compares all that can be reached, unexported fields too. Functions are
// the same if their code is, channels if both or none of them exist.
func differ(a, b any) bool {
	return unequal(reflect.ValueOf(a), reflect.ValueOf(b), map[[2]uintptr]bool{})
}

func unequal(a, b reflect.Value, seen map[[2]uintptr]bool) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() != b.IsValid()
	}
	if a.Type() != b.Type() {
		return true
	}
	switch a.Kind() {
	case reflect.Func:
		return a.Pointer() != b.Pointer()
	case reflect.Chan, reflect.UnsafePointer:
		return a.IsNil() != b.IsNil()
	case reflect.Pointer:
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if pair[0] == pair[1] || seen[pair] {
			return false
		}
		if a.IsNil() || b.IsNil() {
			return true
		}
		seen[pair] = true
		return unequal(a.Elem(), b.Elem(), seen)
	case reflect.Interface:
		return unequal(a.Elem(), b.Elem(), seen)
	case reflect.Struct:
		for i := range a.NumField() {
			if unequal(a.Field(i), b.Field(i), seen) {
				return true
			}
		}
		return false
	case reflect.Array, reflect.Slice:
		return unequalLists(a, b, seen)
	case reflect.Map:
		return unequalMaps(a, b, seen)
	default:
		return !a.Equal(b)
	}
}

func unequalLists(a, b reflect.Value, seen map[[2]uintptr]bool) bool {
	if a.Len() != b.Len() || (a.Kind() == reflect.Slice && a.IsNil() != b.IsNil()) {
		return true
	}
	for i := range a.Len() {
		if unequal(a.Index(i), b.Index(i), seen) {
			return true
		}
	}
	return false
}

func unequalMaps(a, b reflect.Value, seen map[[2]uintptr]bool) bool {
	if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
		return true
	}
	for _, key := range a.MapKeys() {
		other := b.MapIndex(key)
		if !other.IsValid() || unequal(a.MapIndex(key), other, seen) {
			return true
		}
	}
	return false
}
