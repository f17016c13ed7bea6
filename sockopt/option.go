package sockopt

import (
	"fmt"
	"strconv"
	"strings"
)

// An Option is a socket option with the value to set. Options are comparable and print in the form that [Parse] reads.
// The zero Option is not valid.
type Option struct {
	row    *row
	val    value
	prefer bool
	valid  bool // check has found nothing wrong: asked once here, not at each dial
}

func newOption(r *row, v value) Option {
	o := Option{row: r, val: v}
	o.valid = o.check() == nil
	return o
}

// Prefer returns o with the policy to go on without it where the platform, the kernel or the network lacks it.
// What became of it is in [Options.Report]. Bad values and missing privileges are errors all the same.
func Prefer(o Option) Option {
	o.prefer = true
	return o
}

// Raw returns an option that the table lacks, with the bytes that setsockopt takes as its value.
// It is applied at the Bind stage and by Apply, on any socket; Verify compares the bytes if the kernel lets them be read.
// The text form is "level/number=0x01000000".
func Raw(level, number int, value []byte) Option {
	return newOption(&rawRow, rawValue(level, number, string(value)))
}

func rawValue(level, number int, bytes string) value {
	return value{n: int64(level)<<32 | int64(uint32(number)), s: bytes}
}

// raw is the reverse of rawValue.
func (v value) raw() (level, number int) {
	return int(v.n >> 32), int(int32(v.n))
}

// Name returns the kernel's name, or "level/number" of a Raw option.
func (o Option) Name() string {
	switch {
	case o.row == nil:
		return ""
	case o.row == &rawRow:
		level, number := o.val.raw()
		return strconv.Itoa(level) + "/" + strconv.Itoa(number)
	}
	return o.row.Name
}

// ValueText returns the value in text form: "30s".
func (o Option) ValueText() string {
	if o.row == nil {
		return ""
	}
	return o.row.Kind.format(o.val)
}

// Preferred reports whether the option may be lacking, see [Prefer].
func (o Option) Preferred() bool { return o.prefer }

// Info returns what the table knows of the option.
func (o Option) Info() Info {
	if o.row == nil {
		return Info{}
	}
	i := o.row.Info
	if o.row == &rawRow {
		i.Name = o.Name()
		i.Level, i.Number = o.val.raw()
	}
	return i
}

// String returns "TCP_KEEPIDLE=30s", and "TCP_KEEPIDLE?=30s" for a preferred option.
func (o Option) String() string {
	if o.row == nil {
		return ""
	}
	sign := "="
	if o.prefer {
		sign = "?="
	}
	return o.Name() + sign + o.ValueText()
}

// errZero is the answer to an Option or a Handle that is not from the table.
var errZero = badValue{"", "the zero Option is not an option"}

// check says whether the option can be set anywhere on this platform.
func (o *Option) check() error {
	switch {
	case o.valid:
		return nil
	case o.row == nil:
		return errZero
	}
	return o.row.check(o.val)
}

// same reports whether two options set the same thing.
func (o *Option) same(p *Option) bool {
	return o.row == p.row && (o.row != &rawRow || o.val.n == p.val.n)
}

// fail makes the error for an operation on the option.
func (o *Option) fail(op, network string, stage Stage, err error) *Error {
	return &Error{Op: op, Option: o.Name(), Value: o.ValueText(), Network: network, Stage: stage, Err: err}
}

// Options is a list of options. Of two that set the same thing the later counts.
// A list is not changed by any function here, and one list can serve many sockets at the same time.
type Options []Option

// String returns the list in the form that [ParseList] reads.
func (o Options) String() string {
	var b strings.Builder
	for i, opt := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, opt)
	}
	return b.String()
}

// At returns the options of the given stages, in order.
func (o Options) At(stages ...Stage) Options {
	var at Options
	for _, opt := range o {
		for _, s := range stages {
			if opt.Info().Stage == s {
				at = append(at, opt)
				break
			}
		}
	}
	return at
}

// superseded reports whether a later option of the list sets the same as the one at i.
func (o Options) superseded(i int) bool {
	for k := i + 1; k < len(o); k++ {
		if o[i].same(&o[k]) {
			return true
		}
	}
	return false
}

// names reports whether the list has an option of the row.
func (o Options) names(r *row) bool {
	for i := range o {
		if o[i].row == r {
			return true
		}
	}
	return false
}
