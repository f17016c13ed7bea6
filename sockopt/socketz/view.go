package socketz

import (
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// A view is a socket as it is shown, and its form as JSON.
type view struct {
	ID        uint64              `json:"id"`
	Name      string              `json:"name"`
	Role      Role                `json:"role"`
	Type      string              `json:"type"`
	Network   string              `json:"network,omitempty"`
	Local     string              `json:"local,omitempty"`
	Remote    string              `json:"remote,omitempty"`
	Addresses []string            `json:"addresses,omitempty"`
	State     string              `json:"state,omitempty"`
	Since     time.Time           `json:"since"`
	Options   []setting           `json:"options"`
	All       sockopt.Options     `json:"allOptions,omitempty"`
	TCP       *sockopt.TCPMetrics `json:"tcpInfo,omitempty"`
	TLS       *security           `json:"tls,omitempty"`
	Counters  json.RawMessage     `json:"counters,omitempty"`
	Notes     []string            `json:"notes,omitempty"`
}

// view asks a socket for all that is shown of it; nil when it is gone. whole asks for every option too.
func (l *look) view(e *record, whole bool) *view {
	conn := e.ref.value()
	if conn == nil {
		return nil
	}
	defer runtime.KeepAlive(conn)
	v, err := ask(l, &e.asking[0], func() *view { return e.view(conn, whole) })
	if err != nil { // nor would it answer more
		v = e.bare()
		v.note("socket", err)
		return v
	}
	if v == nil {
		return nil
	}
	v.TLS, err = ask(l, &e.asking[1], func() *security { return e.security(conn) })
	v.note("tls", err)
	v.Counters, err = l.counters(e, conn)
	v.note("counters", err)
	return v
}

// note adds why something is missing.
func (v *view) note(what string, err error) {
	if err != nil {
		v.Notes = append(v.Notes, printable(what+": "+err.Error()))
	}
}

// bare is what the record knows by itself.
func (e *record) bare() *view {
	return &view{
		ID: e.id, Name: e.socket.Name, Role: e.socket.role(), Type: e.ref.String(), Since: e.since.Round(0),
		Options: []setting{},
	}
}

// view asks for what the socket and the kernel tell at once; nil when it is closed.
func (e *record) view(conn any, whole bool) *view {
	if closed(conn) {
		return nil
	}
	v := e.bare()
	v.addresses(conn)
	var err error
	v.TCP, err = tcpInfo(conn)
	v.note("TCP_INFO", err)
	v.State = state(v.Role, v.TCP)
	c := descriptor(conn)
	v.Options = settings(e.socket.Options, c)
	if c != nil && whole {
		v.All, err = sockopt.Snapshot(c)
		v.note("all options", err)
	}
	return v
}

// addresses asks a conn where it is.
func (v *view) addresses(conn any) {
	local, remote := ends(conn)
	if local != nil {
		v.Network = sockopt.NetworkOf(local)
	}
	v.Local, v.Remote = addrText(local), addrText(remote)
	several, ok := conn.(interface{ Addrs() []net.Addr })
	if !ok {
		return
	}
	const enough = 64
	for i, a := range several.Addrs() {
		if i == enough {
			v.note("addresses", fmt.Errorf("%d are shown", enough))
			return
		}
		v.Addresses = append(v.Addresses, addrText(a))
	}
}

// counters asks for the numbers of one socket.
func (l *look) counters(e *record, conn any) (json.RawMessage, error) {
	if e.socket.Counters == nil {
		return nil, nil
	}
	a, err := ask(l, &e.asking[2], func() answer[json.RawMessage] { return marshal(e.socket.Counters(conn)) })
	if err != nil {
		return nil, err
	}
	return a.value, a.err
}

// maxCounters bounds the counters of one name, in bytes of JSON.
const maxCounters = 64 << 10

// marshal turns counters into JSON.
func marshal(v any) answer[json.RawMessage] {
	b, err := json.Marshal(v)
	if err == nil && len(b) > maxCounters {
		return answer[json.RawMessage]{err: badValue(fmt.Sprintf("%d bytes of JSON, above the bound of %d", len(b), maxCounters))}
	}
	return answer[json.RawMessage]{b, err}
}
