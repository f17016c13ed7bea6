package document

import (
	"errors"
	"fmt"
)

// kind is what a value of YAML or JSON is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

func (k kind) String() string {
	return [...]string{"null", "a bool", "a number", "text", "a list", "an object"}[k]
}

// node is a value of a document. YAML's aliases share one, so that a tree can be
// much larger than its nodes.
type node struct {
	kind kind
	text string // of a scalar
	// shown is what errors show instead of text: where it is from the environment,
	// that may be a secret.
	shown string
	// plain is a scalar of YAML without quotes, which may be text where text is due;
	// filled is one that a variable gave a part of; bare a null that is not written.
	plain, filled, bare bool
	line, column        int
	items               []*node
	entries             []entry
	// err is what is wrong with the node itself, told when its field is known.
	err error
}

// entry is a member of an object.
type entry struct{ key, value *node }

var errBareNull = errors.New("has no value: write null for unset, {} or [] for empty")

func (n *node) isScalar() bool { return n.kind < array }

// tooDeep and tooMany are the errors of the two limits.
func tooDeep(most int) error { return fmt.Errorf("nested deeper than %d", most) }

func tooMany(most int) error { return fmt.Errorf("more than %d values", most) }
