package dtlsx_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/dtlsx"
)

// TestWhoMakesRoom: of 8 places a source has 2 as its share, and 4 s of 16 are fair.
func TestWhoMakesRoom(t *testing.T) {
	const a, b, c = "127.0.0.1", "127.0.0.2", "127.0.0.3"
	type client struct{ name, ip string }
	for name, test := range map[string]struct {
		in      []client // one a second
		done    string
		leaving int
		room    string
		after   time.Duration
		want    string
	}{
		"nobody before the time":              {in: []client{{"a1", a}, {"b1", b}}, room: c, after: 3 * time.Second},
		"the oldest after it":                 {in: []client{{"a1", a}, {"b1", b}}, room: c, after: 4 * time.Second, want: "a1"},
		"the oldest of a crowd at once":       {in: []client{{"b1", b}, {"a1", a}, {"a2", a}, {"a3", a}}, room: c, after: 3 * time.Second, want: "a1"},
		"a full share has no right to others": {in: []client{{"b1", b}, {"a1", a}, {"a2", a}}, room: a, after: 4 * time.Second},
		"but to its own oldest":               {in: []client{{"b1", b}, {"a1", a}, {"a2", a}}, room: a, after: 5 * time.Second, want: "a1"},
		"not to one that has finished":        {in: []client{{"a1", a}, {"a2", a}, {"a3", a}}, done: "a1", room: a, after: 5 * time.Second, want: "a2"},
		"too many are on their way out":       {in: []client{{"a1", a}, {"b1", b}}, leaving: 8, room: c, after: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Unix(1e9, 0)
			p := dtlsx.NewPlaces(8, 16*time.Second)
			for i, c := range test.in {
				p.Enter(c.name, c.ip, start.Add(time.Duration(i)*time.Second))
			}
			if test.done != "" {
				p.Finish(test.done)
				p.Finish(test.done) // changes nothing
			}
			p.Leave(test.leaving)
			assert.Equal(t, test.want, p.Victim(test.room, start.Add(test.after)))
		})
	}
}
