package socketz

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// The bounds of a page.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxRefresh   = 3600
)

// A query is what a request asks for.
type query struct {
	ID      uint64 // one socket; 0: a page
	Name    string // those whose name is this; empty: all
	Role    Role
	Peer    string // those whose remote address contains this
	State   string
	Sort    string // a key of sortKeys, after "-" for the largest first
	Limit   int
	Offset  int
	Refresh int // seconds; 0: not by itself
	JSON    bool
}

// parameters are the parameters of a request, and how each is taken.
var parameters = map[string]func(q *query, s string) error{
	"id":    func(q *query, s string) (err error) { q.ID, err = whole(s, 1, 1<<63-1); return err },
	"name":  func(q *query, s string) error { q.Name = s; return nil },
	"peer":  func(q *query, s string) error { q.Peer = s; return nil },
	"state": func(q *query, s string) error { q.State = s; return oneOf(s, append(stateNames(), "")...) },
	"role": func(q *query, s string) error {
		q.Role = Role(s)
		return oneOf(s, "", string(Accepted), string(Dialled))
	},
	"sort":   func(q *query, s string) error { q.Sort = s; return oneOf(strings.TrimPrefix(s, "-"), sortNames()...) },
	"format": func(q *query, s string) error { q.JSON = s == "json"; return oneOf(s, "html", "json") },
	"limit":  func(q *query, s string) error { return small(&q.Limit, s, 1, maxLimit) },
	"offset": func(q *query, s string) error { return small(&q.Offset, s, 0, 1<<31-1) },
	"refresh": func(q *query, s string) error {
		if s == "" {
			return nil
		}
		return small(&q.Refresh, s, 0, maxRefresh)
	},
}

// newQuery takes the parameters of a request; the error joins all that is wrong with them.
func newQuery(values url.Values) (*query, error) {
	q := &query{Sort: "id", Limit: defaultLimit}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set, ok := parameters[name]
		given := values[name]
		var err error
		switch {
		case !ok:
			err = badValue("unknown parameter, there are " + strings.Join(slices.Sorted(maps.Keys(parameters)), ", "))
		case len(given) > 1:
			err = badValue("is there more than once")
		default:
			err = set(q, given[0])
		}
		if err != nil {
			errs = append(errs, &Error{Op: "query", Field: printable(name), Value: printable(given[0]), Err: err})
		}
	}
	return q, errors.Join(errs...)
}

// stateNames are the states that a socket can be in.
func stateNames() []string {
	names := []string{"open"}
	for s := sockopt.TCPState(1); s.String() != ""; s++ {
		names = append(names, s.String())
	}
	return names
}

func whole(s string, low, high uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < low || n > high {
		return 0, badValue(fmt.Sprintf("want %d to %d", low, high))
	}
	return n, nil
}

func small(to *int, s string, low, high uint64) error {
	n, err := whole(s, low, high)
	if err == nil {
		*to = int(n)
	}
	return err
}

func oneOf(s string, allowed ...string) error {
	if slices.Contains(allowed, s) {
		return nil
	}
	return badValue("want " + strings.Trim(strings.Join(allowed, ", "), ", "))
}

// values is the query as parameters again, without those that are as they would be anyway.
func (q *query) values() url.Values {
	v := url.Values{}
	set := func(name, s, standard string) {
		if s != standard {
			v.Set(name, s)
		}
	}
	set("name", q.Name, "")
	set("role", string(q.Role), "")
	set("peer", q.Peer, "")
	set("state", q.State, "")
	set("sort", q.Sort, "id")
	set("limit", strconv.Itoa(q.Limit), strconv.Itoa(defaultLimit))
	set("offset", strconv.Itoa(q.Offset), "0")
	set("refresh", strconv.Itoa(q.Refresh), "0")
	set("id", strconv.FormatUint(q.ID, 10), "0")
	return v
}

// link returns where the same query with changes leads, relative to the page.
func (q *query) link(change func(*query)) string {
	n := *q
	change(&n)
	v := n.values()
	if n.JSON {
		v.Set("format", "json")
	}
	return "?" + v.Encode()
}
