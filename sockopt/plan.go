package sockopt

import (
	"errors"
	"sync"
	"syscall"
)

// A plan applies the options of one stage to one socket. Plans are pooled: the closure that RawConn.Control wants,
// the list of steps and the buffer for values are made once, so that a dial costs no allocation of ours.
type plan struct {
	list    Options
	stage   Stage // 0 for Apply, which takes what the socket's state allows
	direct  bool  // for Handle.Set, which leaves the stage to the caller
	socket  socket
	network string
	steps   []*Option
	errs    []error
	buf     [64]byte

	run func(fd uintptr) // p.apply
}

var plans = sync.Pool{New: func() any {
	p := new(plan)
	p.run = p.apply
	return p
}}

func newPlan(list Options, stage Stage) *plan {
	p := plans.Get().(*plan)
	p.list, p.stage = list, stage
	return p
}

// release puts the plan back without anything that belongs to the caller.
func (p *plan) release() {
	clear(p.steps)
	clear(p.errs)
	p.list, p.steps, p.errs = nil, p.steps[:0], p.errs[:0]
	p.direct, p.network, p.socket = false, "", socket{}
	plans.Put(p)
}

// at applies one stage to a socket of a known network, which saves asking for it.
func (p *plan) at(network string, c syscall.RawConn) error {
	defer p.release()
	p.network = network
	p.socket = socket{network: networksOf(network), looked: true}
	if p.socket.network == 0 {
		p.socket.network = other
	}
	if p.prepare() && len(p.steps) > 0 {
		p.control(c)
	}
	return errors.Join(p.errs...)
}

// on applies to a socket what its state allows.
func (p *plan) on(c syscall.Conn) error {
	defer p.release()
	raw, err := c.SyscallConn()
	if err != nil {
		return &Error{Op: "set", Option: p.list.String(), Err: err}
	}
	p.control(raw)
	return errors.Join(p.errs...)
}

func (p *plan) control(c syscall.RawConn) {
	if err := c.Control(p.run); err != nil {
		p.errs = append(p.errs, &Error{Op: "set", Option: p.list.String(), Network: p.network, Stage: p.stage, Err: err})
	}
}

// apply is called by RawConn.Control.
func (p *plan) apply(fd uintptr) {
	if p.stage == 0 {
		p.socket = describe(fd)
		p.network = p.socket.name()
		if !p.prepare() {
			return
		}
	}
	p.socket.fd = fd
	if !p.check() {
		return
	}
	for _, o := range p.steps {
		p.set(o)
	}
}

// prepare validates the whole list before anything is set, and puts the options to set in order.
// It reports whether all is well.
func (p *plan) prepare() bool {
	for i := range p.list {
		o := &p.list[i]
		if p.list.superseded(i) || p.leaves(o) {
			continue
		}
		due, err := p.judge(o)
		if err != nil {
			p.fail(o, err)
		} else if due {
			p.insert(o)
		}
	}
	return len(p.errs) == 0
}

// leaves reports whether a preferred option is left out here whatever happens, without the cost of an error to say so.
func (p *plan) leaves(o *Option) bool {
	return o.prefer && o.row != nil && (!o.row.Supported || o.valid && !p.socket.has(o.row))
}

// judge reports whether the option is to be set now, or why it can have no effect here. An option for another stage,
// or for another socket of the same config, is neither due nor an error.
func (p *plan) judge(o *Option) (due bool, err error) {
	if err := o.check(); err != nil {
		return false, err
	}
	r := o.row
	switch {
	case !p.socket.has(r):
		if p.stage != 0 && p.socket.otherLeg(r) {
			return false, nil
		}
		return false, p.socket.lacks(r)
	case r.BlockingOnly && !p.socket.look().blocking:
		return false, errNonBlocking
	case p.stage == 0 && p.socket.tooLate(r):
		return false, p.late(o)
	}
	return p.due(r), nil
}

// late accepts an option whose moment has passed if it has the wanted value already, as after Control.
func (p *plan) late(o *Option) error {
	if got, err := p.socket.primary(o.row).get(p.socket.fd); err == nil && o.row.took(o.val, got, &p.socket) {
		return nil
	}
	return badValue{"too late, only ", o.row.Until.String()}
}

// due reports whether an option of the row, which the socket has, is to be set now.
func (p *plan) due(r *row) bool {
	switch {
	case p.direct:
		return true
	case p.stage == 0:
		return p.socket.concerns(r)
	case p.stage == Established && r.Role == SetAgain:
		return true
	}
	return r.Stage == p.stage
}

// insert keeps the steps sorted by the order of their rows, and otherwise as in the list.
func (p *plan) insert(o *Option) {
	p.steps = append(p.steps, o)
	for i := len(p.steps) - 1; i > 0 && p.steps[i-1].row.Order > o.row.Order; i-- {
		p.steps[i-1], p.steps[i] = o, p.steps[i-1]
	}
}

// fail notes an error, unless it only says that a preferred option is lacking.
func (p *plan) fail(o *Option, err error) {
	if o.prefer && lacksOption(err) {
		return
	}
	p.errs = append(p.errs, o.fail("set", p.network, p.stage, err))
}

// check asks all levels of the options whether they take the values: which there are is known only with the socket, and
// is decided by IPV6_V6ONLY if that is among the steps. It reports whether all is well.
func (p *plan) check() bool {
	decided := false
	for _, o := range p.steps {
		if o.row == IPv6V6Only.row {
			decided = true
			if o.val.n != 0 {
				p.socket.dual = no
			}
		}
	}
	for _, o := range p.steps {
		p.taken(o)
	}
	if decided {
		p.socket.dual = unknown
	}
	return len(p.errs) == 0
}

// taken asks the level that an option has on the socket beside its own, which judge has asked.
func (p *plan) taken(o *Option) bool {
	if p.socket.single(o.row) {
		return true
	}
	var err error
	p.socket.levels(o.row, func(r *row) {
		if r != o.row && !p.list.names(r) {
			err = r.check(r.fromTwin(o.val))
		}
	})
	if err != nil {
		p.fail(o, err)
	}
	return err == nil
}

// set sets one option at each level that it has on the socket, or at none if one of them does not take the value.
func (p *plan) set(o *Option) {
	if p.socket.single(o.row) {
		p.setRow(o, o.row)
		return
	}
	if !p.taken(o) { // check may not have known of a level
		return
	}
	p.socket.levels(o.row, func(r *row) {
		if r == o.row || !p.list.names(r) {
			p.setRow(o, r)
		}
	})
}

// setRow makes the system call.
func (p *plan) setRow(o *Option, r *row) {
	v := o.val
	if r != o.row {
		v = r.fromTwin(v)
	}
	var err error
	if r.guard != nil {
		err = r.guard(p.socket.fd, v)
	}
	if err == nil {
		level, number, b := r.Level, r.Number, p.buf[:]
		if r == &rawRow {
			level, number = v.raw()
			b = make([]byte, len(v.s))
		}
		b = b[:r.encode(b, v)]
		if err = setsockopt(p.socket.fd, level, number, b, p.stage == Bind && !r.MaySleep); err != nil {
			err = r.explain(err)
		}
	}
	if err != nil {
		p.fail(o, err)
	}
}
