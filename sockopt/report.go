package sockopt

import (
	"errors"
	"fmt"
	"syscall"
)

// A Result is what became of one option on one socket.
type Result struct {
	Option Option // what was asked for
	Got    string // what the kernel says, in text form; "" if it was not read
	Note   string // why it was not read or not compared; "" if it was
	Err    error  // nil if the option took effect or does not concern this socket, else an *Error
}

// Report reads every option of the list back from the socket, with the rule of each. It has a Result for each option
// that counts. A preferred option that is lacking has an Err that matches errors.ErrUnsupported.
func (o Options) Report(c syscall.Conn) []Result {
	raw, err := c.SyscallConn()
	if err != nil {
		return []Result{{Err: &Error{Op: "verify", Option: o.String(), Err: err}}}
	}
	var results []Result
	err = raw.Control(func(fd uintptr) {
		s := describe(fd)
		for i := range o {
			if !o.superseded(i) {
				results = append(results, s.report(o, &o[i]))
			}
		}
	})
	if err != nil {
		return []Result{{Err: &Error{Op: "verify", Option: o.String(), Err: err}}}
	}
	return results
}

// Verify reads every option of the list back from the socket and joins an [*Error] for each that did not take effect.
// Options of the [Established] stage are not looked for on a listener, nor those of the [Listening] stage on a conn,
// nor options for the other version of IP; a preferred option may be lacking.
func (o Options) Verify(c syscall.Conn) error {
	var errs []error
	for _, r := range o.Report(c) {
		if r.Err != nil && !(r.Option.prefer && lacksOption(r.Err)) {
			errs = append(errs, r.Err)
		}
	}
	return errors.Join(errs...)
}

// report reads one option back.
func (s *socket) report(list Options, o *Option) Result {
	res := Result{Option: *o}
	err := o.check()
	switch {
	case err != nil:
	case !s.has(o.row) && s.otherLeg(o.row):
		res.Note = "only for " + o.row.networks().String()
		return res
	case !s.has(o.row):
		err = s.lacks(o.row)
	case o.row.BlockingOnly && !s.look().blocking:
		err = errNonBlocking
	case !s.concerns(o.row):
		res.Note = "at stage " + o.row.Stage.String()
		return res
	case s.primary(o.row).WriteOnly:
		res.Note = "cannot be read"
		return res
	default:
		res.Got, res.Note, err = s.compare(list, o)
		if o.row == &rawRow && lacksOption(err) { // the table does not know which of them can be set only
			res.Note, err = "cannot be read", nil
		}
	}
	if err == nil && res.Note == "" && o.row.ReadBack == Live {
		res.Note = Live.String()
	}
	if err != nil {
		res.Err = o.fail("verify", s.name(), 0, err)
	}
	return res
}

// compare reads the option at each level that it has on the socket. The text is that of the traffic's level.
// Where the list has the twin too, that one counts at its level, and nothing may be left to read.
func (s *socket) compare(list Options, o *Option) (got, note string, err error) {
	primary := s.primary(o.row)
	note = o.row.Twin + " of the same list counts"
	s.levels(o.row, func(r *row) {
		if r.WriteOnly || r != o.row && list.names(r) {
			return
		}
		note = ""
		text, rerr := s.compareRow(o, r)
		if r == primary || got == "" {
			got = text
		}
		err = errors.Join(err, rerr)
	})
	return got, note, err
}

// compareRow reads one level.
func (s *socket) compareRow(o *Option, r *row) (string, error) {
	want := o.val
	if r != o.row {
		want = r.fromTwin(want)
	}
	got, err := r.getLike(s.fd, want)
	if err != nil {
		return "", err
	}
	text := r.Kind.format(got)
	if !r.took(want, got, s) {
		return text, r.differs(text)
	}
	if r.guard != nil {
		return text, r.guard(s.fd, want)
	}
	return text, nil
}

// differs is the cause of an error about a value that did not take effect, with what is known to come in between.
func (r *row) differs(got string) error {
	if r.Note == "" {
		return fmt.Errorf("the kernel says %s (rule for %s: %s)", got, r.Name, r.ReadBack)
	}
	return fmt.Errorf("the kernel says %s (rule for %s: %s; note: %s)", got, r.Name, r.ReadBack, r.Note)
}
