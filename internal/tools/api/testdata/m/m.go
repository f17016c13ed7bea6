// Package m has one of each.
package m

import (
	"io"
	"time"
)

const Limit time.Duration = time.Second

const hidden = 1

var Sentinel error

func Make[T any](name string, more ...T) (n int, err error) { return 0, nil }

func unused(io.Reader) int { return hidden }

type Pair[K comparable, V any] struct {
	Key  K
	rest V
}

func (p Pair[K, V]) Rest() V { return p.rest }

type Number int

func (n *Number) Set(to Number) { *n = to }

type Reader interface {
	Read(p []byte) (int, error)
}

type Same = io.Reader

type Outer struct{ Number }

var _ = unused
