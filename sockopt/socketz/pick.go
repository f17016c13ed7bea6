package socketz

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// A candidate is a socket that a query may choose, with what the query wants to know of it.
type candidate struct {
	record *record
	remote string
	state  string
	tcp    *sockopt.TCPMetrics
}

// sortKeys are what a page can be sorted by. Those that are functions of tcp need a system call for each socket.
var sortKeys = map[string]struct {
	less   func(a, b *candidate) int
	asks   bool // for addresses or TCP_INFO
	number bool
}{
	"id":       {func(a, b *candidate) int { return cmp.Compare(a.record.id, b.record.id) }, false, false},
	"name":     {func(a, b *candidate) int { return strings.Compare(a.record.socket.Name, b.record.socket.Name) }, false, false},
	"role":     {func(a, b *candidate) int { return cmp.Compare(a.record.socket.role(), b.record.socket.role()) }, false, false},
	"peer":     {func(a, b *candidate) int { return strings.Compare(a.remote, b.remote) }, true, false},
	"state":    {func(a, b *candidate) int { return strings.Compare(a.state, b.state) }, true, false},
	"rtt":      {byTCP(func(m *sockopt.TCPMetrics) int64 { return int64(m.RTT) }), true, true},
	"sent":     {byTCP(func(m *sockopt.TCPMetrics) int64 { return m.BytesSent }), true, true},
	"received": {byTCP(func(m *sockopt.TCPMetrics) int64 { return m.BytesReceived }), true, true},
	"retrans":  {byTCP(func(m *sockopt.TCPMetrics) int64 { return m.TotalRetrans }), true, true},
	"unsent":   {byTCP(func(m *sockopt.TCPMetrics) int64 { return m.NotSentBytes }), true, true},
}

func sortNames() []string { return slices.Sorted(maps.Keys(sortKeys)) }

// byTCP compares what the kernel says; a socket of which it says nothing is the smallest.
func byTCP(key func(*sockopt.TCPMetrics) int64) func(a, b *candidate) int {
	value := func(c *candidate) int64 {
		if c.tcp == nil {
			return sockopt.Absent - 1
		}
		return key(c.tcp)
	}
	return func(a, b *candidate) int { return cmp.Compare(value(a), value(b)) }
}

// asks reports whether a query needs to know more of each socket than the registry does.
func (q *query) asks() bool {
	return q.Peer != "" || q.State != "" || sortKeys[strings.TrimPrefix(q.Sort, "-")].asks
}

// A total is how many sockets of a name there are.
type total struct {
	Role  Role   `json:"role"`
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// A selection is what a query has chosen.
type selection struct {
	shared  []*record // all that listen
	chosen  []*record // the page
	matched int       // of which it is a part
	totals  []total
}

// choose goes through all sockets.
func (r *Registry) choose(ctx context.Context, l *look, q *query) (*selection, error) {
	s := &selection{}
	counts := map[total]int{}
	var list []*candidate
	for _, e := range r.records() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := l.candidate(e, q.asks())
		if c == nil {
			r.remove(e)
			continue
		}
		counts[total{Role: e.socket.role(), Name: e.socket.Name}]++
		switch {
		case e.socket.role().shared():
			s.shared = append(s.shared, e)
		case q.matches(c):
			list = append(list, c)
		}
	}
	s.matched, s.totals = len(list), sorted(counts)
	s.chosen = q.page(list)
	return s, nil
}

// candidate asks a socket what a query wants to know of it; nil when it is gone.
func (l *look) candidate(e *record, asks bool) *candidate {
	conn := e.ref.value()
	if conn == nil {
		return nil
	}
	c, err := ask(l, &e.asking[0], func() *candidate {
		if closed(conn) {
			return nil
		}
		c := &candidate{record: e}
		if asks {
			_, remote := ends(conn)
			c.remote = addrText(remote)
			c.tcp, _ = tcpInfo(conn) // the page says why not
			c.state = state(e.socket.role(), c.tcp)
		}
		return c
	})
	if err != nil { // it may be there
		return &candidate{record: e}
	}
	return c
}

func (q *query) matches(c *candidate) bool {
	s := &c.record.socket
	return (q.Name == "" || q.Name == s.Name) && (q.Role == "" || q.Role == s.role()) &&
		strings.Contains(c.remote, q.Peer) && (q.State == "" || q.State == c.state)
}

// page sorts and cuts.
func (q *query) page(list []*candidate) []*record {
	name, down := strings.CutPrefix(q.Sort, "-")
	key := sortKeys[name]
	slices.SortStableFunc(list, func(a, b *candidate) int {
		if down {
			a, b = b, a
		}
		return key.less(a, b)
	})
	list = list[min(q.Offset, len(list)):]
	list = list[:min(q.Limit, len(list))]
	chosen := make([]*record, len(list))
	for i, c := range list {
		chosen[i] = c.record
	}
	return chosen
}

// sorted returns the totals by role and name.
func sorted(counts map[total]int) []total {
	list := []total{}
	for t, n := range counts {
		list = append(list, total{t.Role, t.Name, n})
	}
	slices.SortFunc(list, func(a, b total) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), strings.Compare(a.Name, b.Name))
	})
	return list
}
