package simnet

import (
	"errors"
	"time"
)

// Apply lets faults happen now, in order. Nothing happens if one of them cannot:
// the error is an [*Error] for each that names what the network does not have.
func (n *Network) Apply(faults ...Fault) error {
	if err := n.checkFaults(faults); err != nil {
		return err
	}
	var errs []error
	for _, f := range faults {
		errs = append(errs, n.apply(f))
	}
	return errors.Join(errs...)
}

// At lets faults happen when the time since the network was made has come, or now
// if it has passed. What they name must be there already. A host that is gone by
// then is nobody's error: the fault does not happen, and the trace says so.
func (n *Network) At(d time.Duration, faults ...Fault) error {
	if err := n.checkFaults(faults); err != nil {
		return err
	}
	for _, f := range faults {
		n.at(d, func() { _ = n.apply(f) }) // the trace has its error
	}
	return nil
}

// SetLink changes a link in one direction, as [SetLink] says.
func (n *Network) SetLink(from, to string, l Link) error { return n.Apply(SetLink(from, to, l)) }

// Partition cuts groups of hosts off from each other, as [Partition] says.
func (n *Network) Partition(groups ...[]string) error { return n.Apply(Partition(groups...)) }

// Heal ends all partitions.
func (n *Network) Heal() error { return n.Apply(Heal()) }

// LinkDown lets nothing pass over a link, as [LinkDown] says.
func (n *Network) LinkDown(a, b string) error { return n.Apply(LinkDown(a, b)) }

// LinkUp ends LinkDown.
func (n *Network) LinkUp(a, b string) error { return n.Apply(LinkUp(a, b)) }

func (n *Network) checkFaults(faults []Fault) error {
	n.fabric.mu.Lock()
	defer n.fabric.mu.Unlock()
	var errs []error
	for _, f := range faults {
		if err := f.check(n.fabric); err != nil {
			errs = append(errs, &Error{Op: "fault", Value: f.String(), Err: err})
		}
	}
	return errors.Join(errs...)
}

// apply lets one fault happen.
func (n *Network) apply(f Fault) error {
	act, err := n.fabric.apply(f)
	act()
	e := Event{Time: n.Now(), Kind: KindFault, Text: f.String()}
	if f.kind >= faultCrash && f.kind != faultRebind {
		e.Source = f.from
	}
	if err != nil {
		e.Text += ": " + err.Error()
		err = &Error{Op: "fault", Value: f.String(), Err: err}
	}
	n.trace.add(e)
	return err
}

// apply does what the fault does to the fabric, and returns what it does to a
// host.
func (f *fabric) apply(fault Fault) (func(), error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	none := func() {}
	if err := fault.check(f); err != nil {
		return none, err
	}
	switch fault.kind {
	case faultPartition:
		return none, f.add(partitioned(fault.String(), fault.groups))
	case faultCut:
		return none, f.add(oneWay(fault.String(), fault.groups[0], fault.groups[1]))
	case faultHeal:
		f.cuts = nil
		f.note()
	case faultSetLink, faultLinkDown, faultLinkUp:
		f.relink(fault)
	case faultRebind:
		f.nodes[fault.from].nat.rebind()
	default:
		return fault.hostAction(f.nodes[fault.from].host), nil
	}
	return none, nil
}

// relink does what a fault of a link does.
func (f *fabric) relink(fault Fault) {
	e, _ := f.linkOf(fault.from, fault.to, fault.kind == faultSetLink) // checked
	if fault.kind == faultSetLink {
		f.set(e, fault.link)
	} else {
		f.switchLink(e, fault.kind == faultLinkDown)
	}
}

// hostAction returns what happens to a host.
func (f Fault) hostAction(h *Host) func() {
	switch f.kind {
	case faultCrash:
		return h.Crash
	case faultRestart:
		return h.Restart
	case faultPause:
		return h.Pause
	case faultResume:
		return h.Resume
	}
	return func() { h.SetSkew(f.skew) }
}
