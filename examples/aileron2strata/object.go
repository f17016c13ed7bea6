package main

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// object is a message of ours, with its fields in order. Values are *object, []any,
// string, bool, int64.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

// set puts a value at a path such as "keep_alive.idle".
func (o *object) set(path string, v any) {
	first, rest, deeper := strings.Cut(path, ".")
	old, there := o.values[first]
	if !there {
		o.keys = append(o.keys, first)
	}
	if !deeper {
		o.values[first] = v
		return
	}
	inner, ok := old.(*object)
	if !ok {
		inner = newObject()
		o.values[first] = inner
	}
	inner.set(rest, v)
}

// get returns the value at a path, nil if there is none.
func (o *object) get(path string) any {
	first, rest, deeper := strings.Cut(path, ".")
	inner, ok := o.values[first].(*object)
	if deeper && ok {
		return inner.get(rest)
	}
	if deeper {
		return nil
	}
	return o.values[first]
}

// drop removes a field of the object itself.
func (o *object) drop(key string) {
	delete(o.values, key)
	for i, k := range o.keys {
		if k == key {
			o.keys = append(o.keys[:i:i], o.keys[i+1:]...)
			return
		}
	}
}

// MarshalYAML keeps the order.
func (o *object) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range o.keys {
		var v yaml.Node
		if err := v.Encode(o.values[key]); err != nil {
			return nil, err
		}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &v)
	}
	return n, nil
}
