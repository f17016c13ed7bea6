package netstack

import (
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Bind implements Endpoint.
func (e *endpoint) Bind(address FullAddress, commit func() error) error {
	to, err := e.local("bind", address)
	if err != nil {
		return err
	}
	if commit == nil {
		ep, err := e.use("bind")
		if err != nil {
			return err
		}
		return failAt("bind", address, bound(ep.Bind(to)))
	}
	if err := e.beginBind(address, to); err != nil {
		return err
	}
	return e.endBind(commit)
}

// bound makes one error of what TCP and UDP say of a second Bind.
func bound(err tcpip.Error) tcpip.Error {
	if _, ok := err.(*tcpip.ErrInvalidEndpointState); ok {
		return &tcpip.ErrAlreadyBound{}
	}
	return err
}

// beginBind takes the address and keeps everybody out.
func (e *endpoint) beginBind(address FullAddress, to tcpip.FullAddress) error {
	ep, err := e.use("bind")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.binding || ep != e.ep {
		return &Error{Op: "bind", Err: ErrInvalidEndpointState}
	}
	if err := failAt("bind", address, bound(ep.Bind(to))); err != nil {
		return err
	}
	e.binding = true
	return nil
}

// endBind gives the address back when commit fails, panics or ends its goroutine.
func (e *endpoint) endBind(commit func() error) (err error) {
	done := false
	defer func() { e.letIn(done && err == nil) }()
	err = commit()
	done = true
	if err != nil {
		err = &Error{Op: "bind", Field: "commit", Err: err}
	}
	return err
}

// letIn lets everybody in again. Those who asked meanwhile are told to ask again.
func (e *endpoint) letIn(ok bool) {
	old := e.unlockBind(ok)
	if old != nil {
		old.Close()
	}
	if events := e.engine().Readiness(waiterMask(allEvents)); ok && events != 0 {
		e.wq.Notify(events)
	}
}

// unlockBind puts an endpoint that is not bound in the place of one whose Bind failed,
// since the engine cannot undo it, and returns that one.
func (e *endpoint) unlockBind(ok bool) (old tcpip.Endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.binding = false
	if ok || e.closed.Load() {
		return nil
	}
	ep, err := e.s.newEngineEndpoint(e.transport, e.network, e.wq)
	if err != nil { // it was possible before
		return e.ep
	}
	e.copyOptions(ep, e.ep)
	old, e.ep = e.ep, ep
	return old
}

// maxBacklog is what the kernel's backlog is held in.
const maxBacklog = 65535

// Listen implements Endpoint.
//
// The engine counts differently: with 0 it accepts nothing, and as long as there is one
// handshake less than the backlog in progress it answers with SYN cookies, that is without
// window scale and SACK, with 1 always.
func (e *endpoint) Listen(backlog int) error {
	if backlog < 0 || backlog > maxBacklog {
		return &Error{
			Op: "listen", Field: "backlog", Value: strconv.Itoa(backlog),
			Err: outOfRange(0, maxBacklog),
		}
	}
	ep, err := e.use("listen")
	if err != nil {
		return err
	}
	return fail("listen", ep.Listen(max(backlog, 1)+1))
}

// Accept implements Endpoint.
func (e *endpoint) Accept() (Endpoint, error) {
	n, err := e.accept()
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (e *endpoint) accept() (*endpoint, error) {
	ep, err := e.use("accept")
	if err != nil {
		return nil, err
	}
	n, wq, err2 := ep.Accept(nil)
	if err2 != nil {
		return nil, fail("accept", err2)
	}
	return e.s.adopt(n, wq, e.transport, e.network), nil
}
