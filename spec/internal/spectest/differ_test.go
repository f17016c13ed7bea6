package spectest_test

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/spec/internal/spectest"
)

type ring struct {
	next  *ring
	inner any
	value int
}

func circle(value int) *ring {
	r := &ring{value: value}
	r.next = &ring{next: r, value: 1}
	return r
}

// adder is not inlined, since each copy would have a function of its own.
//
//go:noinline
func adder(n int) func() int { return func() int { return n } }

func TestDiffer(t *testing.T) {
	one, two := 1, 1
	for _, tt := range []struct {
		name string
		a, b any
		want bool
	}{
		{"nil", nil, nil, false},
		{"nil and not", nil, 1, true},
		{"type", 1, int64(1), true},
		{"number", 1, 2, true},
		{"text", "a", "a", false},
		{"pointers", &one, &two, false},
		{"nil pointer", (*int)(nil), &one, true},
		{"circle", circle(1), circle(1), false},
		{"other circle", circle(1), circle(2), true},
		{"inside", ring{inner: []any{1}}, ring{inner: []any{2}}, true},
		{"same code", adder(1), adder(2), false},
		{"other code", adder(1), func() int { return 1 }, true},
		{"no function", adder(1), (func() int)(nil), true},
		{"channels", make(chan int), make(chan int), false},
		{"no channel", make(chan int), (chan int)(nil), true},
		{"unsafe", unsafe.Pointer(&one), unsafe.Pointer(&two), false},
		{"lists", []int{1, 2}, []int{1, 2}, false},
		{"longer", []int{1, 2}, []int{1}, true},
		{"other element", []int{1, 2}, []int{1, 3}, true},
		{"empty and nil", []int{}, []int(nil), true},
		{"arrays", [2]int{1, 2}, [2]int{1, 2}, false},
		{"maps", map[string]int{"a": 1}, map[string]int{"a": 1}, false},
		{"other key", map[string]int{"a": 1}, map[string]int{"b": 1}, true},
		{"other value", map[string]int{"a": 1}, map[string]int{"a": 2}, true},
		{"nil map", map[string]int{}, map[string]int(nil), true},
		{"errors", errors.New("a"), errors.New("b"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, spectest.Differ(tt.a, tt.b))
		})
	}
}

func TestNoLeak(t *testing.T) { spectest.NoLeak(t) }
