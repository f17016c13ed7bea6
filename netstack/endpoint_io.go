package netstack

import (
	"bytes"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Read implements Endpoint.
func (e *endpoint) Read(p []byte, from *FullAddress) (int, error) {
	n, res, err := e.read("read", p, tcpip.ReadOptions{NeedRemoteAddr: from != nil})
	if err == nil && from != nil {
		*from = e.sender(res)
	}
	return n, err
}

// Peek implements Endpoint.
func (e *endpoint) Peek(p []byte) (int, error) {
	n, _, err := e.read("peek", p, tcpip.ReadOptions{Peek: true})
	return n, err
}

// RecvMsg implements Endpoint.
func (e *endpoint) RecvMsg(p []byte, m *Message) (int, error) {
	n, res, err := e.read("recvmsg", p, tcpip.ReadOptions{NeedRemoteAddr: m != nil})
	if err == nil && m != nil {
		*m = e.received(n, res)
	}
	return n, err
}

func (e *endpoint) read(op string, p []byte, o tcpip.ReadOptions) (int, tcpip.ReadResult, error) {
	if e.closed.Load() {
		return 0, tcpip.ReadResult{}, &Error{Op: op, Err: ErrClosedForReceive}
	}
	ep, err := e.use(op)
	if err != nil { // Bind wakes those who read meanwhile
		return 0, tcpip.ReadResult{}, ErrWouldBlock
	}
	w := tcpip.SliceWriter(p)
	res, err2 := ep.Read(&w, o)
	if _, ok := err2.(*tcpip.ErrBadBuffer); ok && len(p) == 0 {
		err2 = nil // there is something, and no room was given
	}
	if err2 != nil {
		return 0, res, fail(op, err2)
	}
	if !o.Peek && res.Count > 0 {
		ep.ModerateRecvBuf(res.Count)
	}
	return res.Count, res, nil
}

// sender returns where something came from; the engine does not say it of a stream.
func (e *endpoint) sender(res tcpip.ReadResult) FullAddress {
	if e.transport != TCP {
		return e.address(res.RemoteAddr)
	}
	a, _ := e.GetRemoteAddress()
	return a
}

// Write implements Endpoint.
func (e *endpoint) Write(p []byte, to *FullAddress) (int, error) {
	var o tcpip.WriteOptions
	if to != nil {
		if err := e.sendTo("write", &o, *to); err != nil {
			return 0, err
		}
	}
	return e.write("write", p, o)
}

// sendTo sets the destination of what is written.
func (e *endpoint) sendTo(op string, o *tcpip.WriteOptions, to FullAddress) error {
	if e.transport == TCP { // the engine would not look at it
		return &Error{Op: op, Field: "address", Value: to.String(), Err: ErrAlreadyConnected}
	}
	full, err := e.peer(op, to)
	if err != nil {
		return err
	}
	o.To = &full
	return nil
}

// write holds sending shared, so that SendMsg can send something else than the endpoint would.
func (e *endpoint) write(op string, p []byte, o tcpip.WriteOptions) (int, error) {
	ep, err := e.use(op)
	if err != nil {
		return 0, e.failWrite(op, err)
	}
	e.sending.RLock()
	defer e.sending.RUnlock()
	return e.writeLocked(ep, op, p, o)
}

func (e *endpoint) writeLocked(ep tcpip.Endpoint, op string, p []byte, o tcpip.WriteOptions) (int, error) {
	n, err := ep.Write(bytes.NewReader(p), o)
	if err != nil {
		return 0, e.failWrite(op, fail(op, err))
	}
	if !o.More {
		e.uncork()
	}
	return int(n), nil
}

// failWrite says of a closed endpoint that it is closed.
func (e *endpoint) failWrite(op string, err error) error {
	if e.closed.Load() {
		return &Error{Op: op, Err: ErrClosedForSend}
	}
	return err
}
