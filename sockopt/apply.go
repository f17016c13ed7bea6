package sockopt

import (
	"errors"
	"slices"
	"syscall"
)

// Control applies the options of the [Bind] stage, in the order of the table. It fits net.Dialer.Control and
// net.ListenConfig.Control, and may be called again for the same or another socket, as package net does for each leg of
// a dual-stack dial and when a Multipath TCP socket refused an option.
//
// The whole list is checked before anything is applied: an option for another network than the socket's is an
// error. An option for the other version of IP alone is left for the other leg.
// Control allocates nothing when all goes well and is safe for concurrent use.
func (o Options) Control(network, _ string, c syscall.RawConn) error {
	return o.ApplyStage(Bind, network, c)
}

// ApplyStage applies the options of one stage to a socket whose network the caller knows: "tcp4", "udp6", "unix".
// Stage [Established] includes the options of other stages that accepted conns do not inherit. It is what dialers and
// listeners use; see [Options.Control] for the rules.
func (o Options) ApplyStage(stage Stage, network string, c syscall.RawConn) error {
	if len(o) == 0 {
		return nil
	}
	return newPlan(o, stage).at(network, c)
}

// Apply applies to an open conn or listener what can still take effect there. Options of the [Established] stage are
// left for the conns of a listener, those of the [Listening] stage for the listener of a conn.
// An option that comes too late, such as SO_REUSEPORT after bind, is an error unless the socket already has the value.
// The whole list is checked before anything is applied.
func (o Options) Apply(c syscall.Conn) error {
	if len(o) == 0 {
		return nil
	}
	return newPlan(o, 0).on(c)
}

// Check validates the list for the sockets of a network before anything is opened: "tcp" stands for both versions of
// IP, "" for every network. Options of another stage than those given are errors too; without stages, none is.
// Preferred options that are lacking are no errors.
func (o Options) Check(network string, stages ...Stage) error {
	var errs []error
	for i := range o {
		opt := &o[i]
		if o.superseded(i) {
			continue
		}
		err := opt.checkFor(network, stages)
		if err != nil && !(opt.prefer && lacksOption(err)) {
			errs = append(errs, opt.fail("set", network, 0, err))
		}
	}
	return errors.Join(errs...)
}

// checkFor says why the option cannot have an effect on a socket of the network that goes through the stages.
func (o *Option) checkFor(network string, stages []Stage) error {
	if err := o.check(); err != nil {
		return err
	}
	r := o.row
	switch {
	case r.BlockingOnly:
		return errNonBlocking
	case network != "" && networksOf(network)&r.networks() == 0:
		return unsupportedError{reason: "only for " + r.networks().String()}
	case len(stages) > 0 && !slices.Contains(stages, r.Stage):
		return unsupportedError{reason: "only at stage " + r.Stage.String()}
	}
	return nil
}
