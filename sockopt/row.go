package sockopt

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// A row is one option of this platform's table: what is public of it, and how the kernel takes it.
type row struct {
	Info

	wire  wire
	twin  *row
	read  int                             // number for getsockopt where it differs from Number
	clear bool                            // reading it changes it: not part of a Snapshot
	guard func(fd uintptr, v value) error // finds what the kernel accepts and then ignores
}

// A wire is the C type of an option's value.
type wire uint8

const (
	wireInt       wire = iota // int: booleans, integers, durations in the row's unit, port ranges
	wireUint64                // 64-bit unsigned integer
	wireTimeval               // struct timeval of this platform
	wireTimeval64             // struct of two 64-bit integers, on every architecture
	wireLinger                // struct linger of this platform
	wireString                // text without a final NUL
	wireNetIndex              // interface index in network byte order
	wireMreqn                 // struct ip_mreqn with the interface index as its last int
	wireBytes                 // what Raw was given
)

// An entry is what is the same on every platform: names, kind and documentation.
type entry struct {
	ident string
	name  string
	kind  Kind
	doc   string
	man   string
}

// rows has a row for each entry of the catalog, in its order; those that the platform lacks are not Supported.
// Handles point into it.
var rows [len(catalog)]row

// byName finds the rows.
var byName = join(rows[:], catalog[:], table)

// join fills rows from the catalog and the platform's table.
func join(rows []row, catalog []entry, table []row) map[string]*row {
	index := make(map[string]*row, len(catalog))
	for i, e := range catalog {
		index[e.name] = &rows[i]
		rows[i].Name, rows[i].Stage, rows[i].Networks = e.name, Bind, every
	}
	for _, r := range table {
		r.Supported = true
		if r.Stage == 0 {
			r.Stage = Bind
		}
		*index[r.Name] = r
	}
	for i, e := range catalog {
		r := &rows[i]
		r.Ident, r.Kind, r.Doc, r.Man = e.ident, e.kind, e.doc, e.man
		if r.Twin != "" {
			r.twin = index[r.Twin]
		}
	}
	return index
}

// rawRow stands for all Raw options: level and number are part of their value.
var rawRow = row{Info: Info{Name: "RAW", Kind: KindBytes, Supported: true, Stage: Bind, Networks: every, MaySleep: true}, wire: wireBytes}

// networks is every socket that the logical option works on: the row's and its twin's.
func (r *row) networks() Networks {
	if r.twin == nil {
		return r.Networks
	}
	return r.Networks | r.twin.Networks
}

// check says whether the row takes the value.
func (r *row) check(v value) error {
	switch {
	case !r.Supported:
		return r.unsupported("")
	case r.ReadOnly:
		return badValue{"", "read only"}
	case r.Ignored != "" && v.n != 0:
		return r.unsupported("ignored " + r.Ignored)
	case !r.inRange(v):
		return badValue{"allowed: ", r.Allowed()}
	}
	return nil
}

func (r *row) inRange(v value) bool {
	switch r.Kind {
	case KindString:
		return isName(v.s)
	case KindPortRange:
		p := v.portRange()
		return p.Low == 0 || p.High == 0 || p.Low <= p.High
	case KindLinger:
		if v.n == int64(LingerOff) {
			return true
		}
	}
	n, ok := r.units(v)
	if !ok {
		return false
	}
	if r.Range == nil {
		return r.Kind != KindInt || int64(int32(n)) == n
	}
	return slices.ContainsFunc(r.Range, func(s Span) bool { return s.Min <= n && n <= s.Max })
}

// fromTwin translates a value of the twin: -1 is the default where only IPv6 has a number for it.
func (r *row) fromTwin(v value) value {
	if v.n == -1 && !r.inRange(v) {
		return value{}
	}
	return v
}

// get reads the row from a socket.
func (r *row) get(fd uintptr) (value, error) {
	var buf [64]byte
	number := r.Number
	if r.read != 0 {
		number = r.read
	}
	n, err := getsockopt(fd, r.Level, number, buf[:r.size()])
	if err != nil {
		return value{}, r.explain(err)
	}
	return r.decode(buf[:n]), nil
}

// getLike is get for a row or a Raw option, whose level and number are in the value.
func (r *row) getLike(fd uintptr, v value) (value, error) {
	if r != &rawRow {
		return r.get(fd)
	}
	level, number := v.raw()
	buf := make([]byte, max(len(v.s), 64))
	n, err := getsockopt(fd, level, number, buf)
	if err != nil {
		return value{}, r.explain(err)
	}
	return value{n: v.n, s: string(buf[:min(n, len(v.s))])}, nil
}

// textSize is more than any text has, and no other type's size: on the BSDs it tells getsockopt what to read.
const textSize = 32

// size is how many bytes to ask getsockopt for: exactly those of the type, since some options insist on it.
func (r *row) size() int {
	switch r.wire {
	case wireInt, wireNetIndex:
		return 4
	case wireUint64, wireLinger:
		return 8
	case wireTimeval, wireTimeval64:
		return 16
	case wireString:
		return textSize
	}
	return 64
}

// units is the number that the kernel gets for a value: durations become whole units.
func (r *row) units(v value) (int64, bool) {
	if r.Kind != KindDuration && r.Kind != KindLinger {
		return v.n, true
	}
	scale := int64(r.scale())
	return v.n / scale, v.n%scale == 0
}

// encode writes a checked value into b in the form that the kernel takes, and returns its length.
func (r *row) encode(b []byte, v value) int {
	n, _ := r.units(v)
	switch r.wire {
	case wireUint64:
		binary.NativeEndian.PutUint64(b, uint64(n))
		return 8
	case wireTimeval:
		return putTimeval(b, time.Duration(v.n))
	case wireTimeval64:
		binary.NativeEndian.PutUint64(b, uint64(v.n/int64(time.Second)))
		binary.NativeEndian.PutUint64(b[8:], uint64(v.n%int64(time.Second)/int64(time.Microsecond)))
		return 16
	case wireLinger:
		return putLinger(b, time.Duration(v.n))
	case wireString, wireBytes:
		return copy(b, v.s)
	case wireNetIndex:
		binary.BigEndian.PutUint32(b, uint32(n))
		return 4
	case wireMreqn:
		clear(b[:8])
		binary.NativeEndian.PutUint32(b[8:], uint32(n))
		return 12
	}
	binary.NativeEndian.PutUint32(b, uint32(n))
	return 4
}

// decode is the reverse of encode for what getsockopt returned.
func (r *row) decode(b []byte) value {
	switch r.wire {
	case wireUint64:
		if len(b) < 8 {
			return value{n: int64(uint32(integer(b)))}
		}
		return value{n: int64(binary.NativeEndian.Uint64(b))}
	case wireTimeval:
		return value{n: int64(timeval(b))}
	case wireTimeval64:
		return value{n: timeval64(b)}
	case wireLinger:
		return value{n: int64(linger(b))}
	case wireString:
		s, _, _ := strings.Cut(string(b), "\x00")
		return value{s: s}
	case wireBytes:
		return value{s: string(b)}
	case wireNetIndex:
		return value{n: int64(binary.BigEndian.Uint32(b))}
	}
	return r.ofInteger(integer(b))
}

// ofInteger gives an int of the kernel its meaning.
func (r *row) ofInteger(n int32) value {
	switch r.Kind {
	case KindBool:
		return boolValue(n != 0)
	case KindDuration:
		return value{n: int64(n) * int64(r.scale())}
	case KindUint32, KindUint64, KindPortRange:
		return value{n: int64(uint32(n))}
	}
	return value{n: int64(n)}
}

func timeval64(b []byte) int64 {
	sec := int64(binary.NativeEndian.Uint64(b))
	usec := int64(binary.NativeEndian.Uint64(b[8:]))
	return sec*int64(time.Second) + usec*int64(time.Microsecond)
}

// integer reads an int; Windows may return a boolean as a single byte.
func integer(b []byte) int32 {
	if len(b) < 4 {
		var n int32
		for i, c := range b {
			n |= int32(c) << (8 * i)
		}
		return n
	}
	return int32(binary.NativeEndian.Uint32(b))
}
