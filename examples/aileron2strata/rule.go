package main

import (
	"math"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"
)

// A rule converts one field; v is nil if it is not there.
type rule func(c *conv, r row, v *yaml.Node)

// nothing is for fields without a counterpart.
func nothing(c *conv, r row, v *yaml.Node) { c.lostf(r, v, "%s", r.note) }

// scalar takes a text, or reports that it is none.
func (c *conv) scalar(r row, v *yaml.Node) (string, bool) {
	if v.Kind != yaml.ScalarNode {
		c.lostf(r, v, "is not a single value")
		return "", false
	}
	return v.Value, true
}

// integer takes a number, in quotes too.
func (c *conv) integer(r row, v *yaml.Node) (int64, bool) {
	s, ok := c.scalar(r, v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		c.lostf(r, v, "%q is not an integer", s)
	}
	return n, err == nil
}

// copied takes a text as it is.
func copied(c *conv, r row, v *yaml.Node) {
	if s, ok := c.scalar(r, v); ok && s != "" {
		c.out.set(r.ours, s)
	}
}

// onOff takes a bool.
func onOff(c *conv, r row, v *yaml.Node) {
	if b, ok := c.boolean(r, v); ok {
		c.out.set(r.ours, b)
	}
}

func (c *conv) boolean(r row, v *yaml.Node) (value, ok bool) {
	s, ok := c.scalar(r, v)
	if !ok {
		return false, false
	}
	value, err := strconv.ParseBool(s)
	if err != nil {
		c.lostf(r, v, "%q is not a bool", s)
	}
	return value, err == nil
}

// number takes an integer, where 0 is the default there and here.
func number(c *conv, r row, v *yaml.Node) {
	if n, ok := c.integer(r, v); ok {
		c.out.set(r.ours, n)
	}
}

// orElse is number for fields whose 0 there is another value here.
func orElse(zero int64) rule {
	return func(c *conv, r row, v *yaml.Node) {
		n, ok := int64(0), true
		if v != nil {
			n, ok = c.integer(r, v)
		}
		if n == 0 {
			n = zero
		}
		if ok {
			c.out.set(r.ours, n)
		}
	}
}

// list takes texts.
func list(c *conv, r row, v *yaml.Node) {
	var all []any
	for _, s := range c.texts(r, v) {
		all = append(all, s)
	}
	if len(all) > 0 {
		c.out.set(r.ours, all)
	}
}

func (c *conv) texts(r row, v *yaml.Node) []string {
	if v.Kind != yaml.SequenceNode {
		c.lostf(r, v, "is not a list")
		return nil
	}
	var all []string
	for _, e := range v.Content {
		if s, ok := c.scalar(r, deref(e)); ok {
			all = append(all, s)
		}
	}
	return all
}

// duration takes a number of units; zero is what 0 there is here, "" for nothing.
func duration(unit time.Duration, zero string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		n, ok := int64(0), true
		if v != nil {
			n, ok = c.integer(r, v)
		}
		switch {
		case !ok:
		case n == 0 && zero != "":
			c.out.set(r.ours, zero)
		case n == 0:
		default:
			if s, ok := c.units(r, v, n, unit); ok {
				c.out.set(r.ours, s)
			}
		}
	}
}

// units returns n units as our documents have durations.
func (c *conv) units(r row, v *yaml.Node, n int64, unit time.Duration) (string, bool) {
	if n > math.MaxInt64/int64(unit) || n < math.MinInt64/int64(unit) {
		c.lostf(r, v, "%d is beyond what a duration can be", n)
		return "", false
	}
	return (time.Duration(n) * unit).String(), true
}

// part takes a message into a field of ours.
func part(name string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		inner := newObject()
		if c.inside(name, v, c.path+"."+r.field, inner) {
			c.out.set(r.ours, inner)
		}
	}
}

// words translates the values of an enum, which may also be its numbers. ours is
// what need not be written.
func words(known []word, ours string) rule {
	return func(c *conv, r row, v *yaml.Node) {
		if s, ok := c.scalar(r, v); ok {
			if w, ok := c.word(known, r, v, s); ok && w != ours {
				c.out.set(r.ours, w)
			}
		}
	}
}

// word is a value of an enum: its place in the list is its number. Without ours it
// has no effect there either, and why says so.
type word struct{ theirs, ours, why string }

func (c *conv) word(known []word, r row, v *yaml.Node, s string) (string, bool) {
	for i, w := range known {
		if s != w.theirs && s != strconv.Itoa(i) {
			continue
		}
		if w.ours == "" {
			c.notef(r, v, "%s %s: left out", w.theirs, w.why)
		}
		return w.ours, w.ours != ""
	}
	c.lostf(r, v, "%q is not a value of theirs", s)
	return "", false
}
