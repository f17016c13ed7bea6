package virtspec

import (
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

func (b *builder) fault(path string, m *specv1.Fault) simnet.TimedFault {
	f := simnet.TimedFault{At: b.Duration(path+"at", m.GetAt())}
	switch a := m.GetAction().(type) {
	case *specv1.Fault_Partition_:
		f.Fault = partition(a.Partition)
	case *specv1.Fault_Cut_:
		f.Fault = simnet.Cut(a.Cut.GetFrom(), a.Cut.GetTo())
	case *specv1.Fault_Heal_:
		f.Fault = simnet.Heal()
	case *specv1.Fault_SetLink_:
		f.Fault = simnet.SetLink(a.SetLink.GetFrom(), a.SetLink.GetTo(), b.quality(path+"set_link.quality.", a.SetLink.GetQuality()))
	case *specv1.Fault_LinkDown:
		f.Fault = simnet.LinkDown(a.LinkDown.GetFrom(), a.LinkDown.GetTo())
	case *specv1.Fault_LinkUp:
		f.Fault = simnet.LinkUp(a.LinkUp.GetFrom(), a.LinkUp.GetTo())
	case *specv1.Fault_Skew_:
		f.Fault = simnet.Skew(a.Skew.GetHost(), b.Duration(path+"skew.ahead", a.Skew.GetAhead()))
	default:
		f.Fault = named(m)
	}
	if m.GetAction() == nil {
		b.Addf(path[:len(path)-1], nil, "has no action: set one of partition, cut, heal, set_link, link_down, link_up, crash, restart, pause, resume, skew, rebind_nat")
	}
	return f
}

// named returns a fault that is a name only; the zero one for none.
func named(m *specv1.Fault) simnet.Fault {
	switch a := m.GetAction().(type) {
	case *specv1.Fault_Crash:
		return simnet.Crash(a.Crash)
	case *specv1.Fault_Restart:
		return simnet.Restart(a.Restart)
	case *specv1.Fault_Pause:
		return simnet.Pause(a.Pause)
	case *specv1.Fault_Resume:
		return simnet.Resume(a.Resume)
	case *specv1.Fault_RebindNat:
		return simnet.RebindNAT(a.RebindNat)
	}
	return simnet.Fault{}
}

func partition(m *specv1.Fault_Partition) simnet.Fault {
	var groups [][]string
	for _, g := range m.GetGroups() {
		groups = append(groups, g.GetHosts())
	}
	return simnet.Partition(groups...) // takes copies
}
