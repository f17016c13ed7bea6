package socketz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A counterSet is functions by name.
type counterSet struct {
	mu   sync.Mutex
	read map[string]*source
}

func (s *counterSet) add(name string, read func() any) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = map[string]*source{}
	}
	own := &source{read: read}
	s.read[name] = own
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.read[name] == own {
			delete(s.read, name)
		}
	}
}

// A source is where counters come from.
type source struct {
	read   func() any
	asking question
}

// counted is what one has told.
type counted struct {
	Name   string          `json:"name"`
	Values json.RawMessage `json:"values,omitempty"`
	Note   string          `json:"note,omitempty"` // why there are none
}

// all returns the sources.
func (s *counterSet) all() map[string]*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.read)
}

// read asks for the counters, by name.
func (r *Registry) read(l *look) []counted {
	sources := r.counters.all()
	var list []counted
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		s := sources[name]
		a, err := ask(l, &s.asking, func() answer[json.RawMessage] { return marshal(s.read()) })
		if err == nil {
			err = a.err
		}
		c := counted{Name: printable(name), Values: a.value}
		if err != nil {
			c.Note = printable(err.Error())
		}
		list = append(list, c)
	}
	return list
}

// A figure is one of the counters: its path, and its value.
type figure struct{ Path, Value string }

// maxFigures bounds the counters of one name on the page.
const maxFigures = 200

// figures takes the values of counters out of their JSON, in its order.
func figures(raw json.RawMessage) []figure {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var list []figure
	descend(d, "", &list)
	return list
}

// descend reads one value.
func descend(d *json.Decoder, path string, list *[]figure) {
	t, err := d.Token()
	if err != nil || len(*list) >= maxFigures {
		return
	}
	switch t {
	case json.Delim('{'):
		for d.More() && len(*list) < maxFigures {
			key, _ := d.Token()
			descend(d, strings.TrimPrefix(path+"."+fmt.Sprint(key), "."), list)
		}
	case json.Delim('['):
		for i := 0; d.More() && len(*list) < maxFigures; i++ {
			descend(d, fmt.Sprintf("%s[%d]", path, i), list)
		}
	default:
		*list = append(*list, figure{printable(path), printable(fmt.Sprint(t))})
		return
	}
	_, _ = d.Token() // the end
}
