package document

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// fewNames is how many names an error lists.
const fewNames = 12

// index knows which messages have a field of a name.
type index struct {
	messages []protoreflect.MessageDescriptor
	seen     map[protoreflect.FullName]bool
}

// unknown says what a field could be: the nearest name in its message, the
// message that has it, or all that there are.
func (r *reader) unknown(at *step, name string, d protoreflect.MessageDescriptor) error {
	names := fieldNames(d)
	if near := nearest(name, names); near != "" {
		r.meant = append(r.meant, at.field(near).String())
		return fmt.Errorf("unknown field, did you mean %s?", near)
	}
	if r.names == nil {
		r.names = &index{seen: map[protoreflect.FullName]bool{}}
		r.names.add(r.root)
	}
	if owners := r.names.owners(name); len(owners) > 0 {
		return fmt.Errorf("unknown field of %s, it is one of %s", d.Name(), list(owners, "and"))
	}
	if len(names) > 0 && len(names) <= fewNames {
		return fmt.Errorf("unknown field, allowed are %s", list(names, "and"))
	}
	return fmt.Errorf("unknown field of %s", d.Name())
}

func fieldNames(d protoreflect.MessageDescriptor) (names []string) {
	for i := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(i).Name()))
	}
	return names
}

// add notes a message and those inside of it.
func (x *index) add(d protoreflect.MessageDescriptor) {
	if x.seen[d.FullName()] || wellKnown[d.FullName()] != nil {
		return
	}
	x.seen[d.FullName()] = true
	if !d.IsMapEntry() {
		x.messages = append(x.messages, d)
	}
	for i := range d.Fields().Len() {
		if inner := d.Fields().Get(i).Message(); inner != nil {
			x.add(inner)
		}
	}
}

// owners returns up to three messages that have the field.
func (x *index) owners(name string) (names []string) {
	for _, d := range x.messages {
		fields := d.Fields()
		if fields.ByName(protoreflect.Name(name)) != nil || fields.ByJSONName(name) != nil {
			names = append(names, string(d.Name()))
		}
	}
	slices.Sort(names)
	return names[:min(len(names), 3)]
}

// nearest returns the name that differs least from name, "" if all differ a lot.
func nearest(name string, names []string) (near string) {
	if len(name) > clipAt {
		return ""
	}
	least := max(len(name)/3, 1) + 1
	for _, n := range names {
		if d := distance(plain(name), plain(n)); d < least {
			near, least = n, d
		}
	}
	return near
}

// plain is what localAddr, local-addr and local_addr have in common.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

// distance counts the letters to add, drop, change or swap with their neighbour.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
