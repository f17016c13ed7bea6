package socketz

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"reflect"
	"strconv"
	"time"

	"github.com/strata-net/strata/sockopt"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var style string

// styleHash allows this style and no other.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// templates are the parts of the page.
var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":   func() template.CSS { return template.CSS(style) }, //nolint:gosec // it is ours
	"age":     age,
	"bytes":   bytesText,
	"figures": figures,
	"metrics": metrics,
	"moment":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"rtt":     func(d time.Duration) string { return d.Round(time.Microsecond).String() },
}).Parse(pageHTML))

// writeHTML writes the page.
func writeHTML(out *buffered, p *page) {
	part := func(name string, data any) {
		_ = templates.ExecuteTemplate(out, name, data) // out does not fail, and a test renders all that can be there
	}
	part("head", p)
	if p.Socket != nil {
		part("socket", row{p.Socket, p})
		part("foot", p)
		return
	}
	part("summary", p)
	part("listeners", p)
	p.listeners(out, func(v *view) { part("listener", row{v, p}) })
	part("conns", p)
	p.conns(out, func(v *view) { part("conn", row{v, p}) })
	part("end", p)
	part("foot", p)
}

// A row is a socket and the page that it is on.
type row struct {
	*view

	Page *page
}

// Age is since when the registry knows the socket.
func (r row) Age() string { return age(r.Page.Time.Sub(r.Since)) }

// Link leads to the socket alone.
func (r row) Link() string {
	return r.Page.Query.link(func(q *query) { q.ID, q.JSON, q.Refresh = r.ID, false, 0 })
}

// Summary is how many options were asked for, and became what.
func (r row) Summary() string {
	n := r.verdicts()
	read := n[verdictTook] + n[verdictDiffers] + n[verdictLacking]
	switch {
	case len(r.Options) == 0:
		return ""
	case n[verdictDiffers] > 0:
		return fmt.Sprintf("%d of %d differ", n[verdictDiffers], read)
	case n[verdictLacking] > 0:
		return fmt.Sprintf("%d of %d lacking", n[verdictLacking], read)
	case read == 0:
		return fmt.Sprintf("%d not read", len(r.Options))
	}
	return fmt.Sprintf("%d ok", n[verdictTook])
}

// Color is the class of the summary.
func (r row) Color() string {
	switch n := r.verdicts(); {
	case n[verdictDiffers] > 0:
		return setting{Verdict: verdictDiffers}.Color()
	case n[verdictLacking] > 0:
		return setting{Verdict: verdictLacking}.Color()
	case n[verdictTook] > 0:
		return setting{Verdict: verdictTook}.Color()
	}
	return setting{Verdict: verdictSkipped}.Color()
}

// Bad reports whether an option differs.
func (r row) Bad() bool { return r.verdicts()[verdictDiffers] > 0 }

// Queue is how many clients of a listener nobody has accepted, and how many there may be (tcp(7), TCP_INFO).
func (r row) Queue() string {
	if r.TCP == nil || r.Role != Listening {
		return ""
	}
	return fmt.Sprintf("%d of %d", r.TCP.Unacked, r.TCP.Sacked)
}

// Where is all addresses of a socket that listens.
func (r row) Where() []string {
	if len(r.Addresses) > 0 {
		return r.Addresses
	}
	return []string{r.Local}
}

// Listening is how many sockets listen, and Hidden how many of them are not on the page.
func (p *page) Listening() int { return len(p.shared) }

// Hidden is how many sockets that listen are not on the page.
func (p *page) Hidden() int { return max(0, len(p.shared)-maxShared) }

// Matched is how many conns the query has chosen from.
func (p *page) Matched() int { return p.matched }

// First is the number of the first conn on the page, from 1; 0 when it is empty.
func (p *page) First() int {
	if len(p.chosen) == 0 {
		return 0
	}
	return p.Query.Offset + 1
}

// Last is the number of the last conn on the page.
func (p *page) Last() int { return p.Query.Offset + len(p.chosen) }

// A tile is a total with a link.
type tile struct {
	Role  Role
	Name  string
	Count int
	Link  string
	Here  bool // it is what is chosen
}

// Tiles are the totals of conns.
func (p *page) Tiles() []tile {
	var list []tile
	for _, t := range p.totals {
		if t.Role.shared() {
			continue
		}
		list = append(list, tile{t.Role, t.Name, t.Count,
			p.Query.link(func(q *query) { q.Role, q.Name, q.Offset, q.State, q.Peer = t.Role, t.Name, 0, "", "" }),
			p.Query.Role == t.Role && p.Query.Name == t.Name,
		})
	}
	return list
}

// Conns is how many conns there are.
func (p *page) Conns() (n int) {
	for _, t := range p.totals {
		if !t.Role.shared() {
			n += t.Count
		}
	}
	return n
}

// Filtered reports whether the query chooses.
func (p *page) Filtered() bool {
	q := p.Query
	return q.Name != "" || q.Role != "" || q.Peer != "" || q.State != ""
}

// Home leads to the page without filters, Back to it from a socket, Machine to the same as JSON.
func (p *page) Home() string { return (&query{Sort: "id", Limit: defaultLimit}).link(func(*query) {}) }

// Back leads from one socket to the page.
func (p *page) Back() string { return p.Query.link(func(q *query) { q.ID = 0 }) }

// Machine leads to the same as JSON.
func (p *page) Machine() string { return p.Query.link(func(q *query) { q.JSON, q.Refresh = true, 0 }) }

// Next leads to the next conns; empty: there are none.
func (p *page) Next() string {
	if p.Last() >= p.matched || len(p.chosen) == 0 {
		return ""
	}
	return p.Query.link(func(q *query) { q.Offset += q.Limit })
}

// Previous leads to the previous conns; empty: there are none.
func (p *page) Previous() string {
	if p.Query.Offset == 0 {
		return ""
	}
	return p.Query.link(func(q *query) { q.Offset = max(0, q.Offset-q.Limit) })
}

// A column is a heading of the table of conns.
type column struct{ Title, Link, Order, Class string }

// Columns are the headings, each with what sorts by it.
func (p *page) Columns() []column {
	var list []column
	for _, c := range [][2]string{
		{"#", "id"}, {"Name", "name"}, {"Role", "role"}, {"Peer", "peer"}, {"State", "state"}, {"Age", ""}, {"RTT", "rtt"},
		{"Sent", "sent"}, {"Received", "received"}, {"Retrans.", "retrans"}, {"TLS", ""}, {"Options", ""},
	} {
		list = append(list, p.column(c[0], c[1]))
	}
	return list
}

func (p *page) column(title, key string) column {
	c := column{Title: title}
	if title == "Age" || sortKeys[key].number {
		c.Class = "num"
	}
	if key == "" {
		return c
	}
	to := key
	switch p.Query.Sort {
	case key:
		c.Order, to = "ascending", "-"+key
	case "-" + key:
		c.Order = "descending"
	}
	c.Link = p.Query.link(func(q *query) { q.Sort, q.Offset = to, 0 })
	return c
}

// Roles are what can be chosen.
func (*page) Roles() []Role { return []Role{Accepted, Dialled} }

// States are what can be chosen.
func (*page) States() []string { return stateNames() }

// SortNames are what can be sorted by.
func (p *page) SortNames() (list []string) {
	for _, name := range sortNames() {
		list = append(list, name, "-"+name)
	}
	return list
}

// age is a duration in its two largest units.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(max(0, d.Milliseconds()), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// bytesText is a number of bytes with three digits.
func bytesText(n int64) string {
	if n < 0 {
		return "–"
	}
	v, unit := float64(n), "B"
	for _, unit = range []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"} {
		if v < 1000 {
			break
		}
		v /= 1000
	}
	if unit == "B" || v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " " + unit
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// metrics are the fields of TCP_INFO that the kernel has filled.
func metrics(m *sockopt.TCPMetrics) []figure {
	var list []figure
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.CanInt() && f.Int() == sockopt.Absent { // of a number and of a duration
			continue
		}
		list = append(list, figure{v.Type().Field(i).Name, fmt.Sprint(f.Interface())})
	}
	return list
}
