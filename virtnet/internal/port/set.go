// Package port keeps which ports of a host are taken, and finds the first free one.
package port

import "math/bits"

const word = 64 // ports of a bitmap's word, and words below a word of a higher level

// Set is the ports that are taken. Its zero value has none; 0 is never free.
//
// It is a tree of bitmaps. A bit of the lowest level is a port that is taken, a bit
// of any other level is a word of the level below that is full. The levels grow
// only to where [Set.First] has been, so that a single port far away costs what an
// entry of a map does, and a million ports in a row 128 KiB.
type Set struct {
	levels [][]uint64
	far    map[int]struct{} // ports beyond the lowest level
}

// First returns the first free port, which it does not take.
func (s *Set) First() int {
	for {
		if port, ok := s.descend(); ok {
			return port
		}
	}
}

// descend goes from the top to the first free port. It fails where it had to make a
// word first that turned out to be full.
func (s *Set) descend() (port int, ok bool) {
	if len(s.levels) == 0 {
		s.levels = [][]uint64{{1}} // port 0
		s.pull(0)
	}
	if s.levels[len(s.levels)-1][0] == full {
		s.levels = append(s.levels, []uint64{1})
	}
	index, top := 0, len(s.levels)-1
	for level := top; level >= 0; level-- {
		if index == len(s.levels[level]) {
			s.levels[level] = append(s.levels[level], 0)
			if level == 0 && s.pull(index) {
				return 0, false
			}
		}
		index = index*word + bits.TrailingZeros64(^s.levels[level][index])
	}
	return index, true
}

const full = ^uint64(0)

// pull moves the ports of a new word from far to it, and reports whether it is full.
func (s *Set) pull(index int) bool {
	for port := index * word; port < (index+1)*word && len(s.far) > 0; port++ {
		if _, ok := s.far[port]; ok {
			delete(s.far, port)
			s.Add(port)
		}
	}
	return s.levels[0][index] == full
}

// Add takes a port.
func (s *Set) Add(port int) {
	if !s.near(port) {
		if s.far == nil {
			s.far = make(map[int]struct{})
		}
		s.far[port] = struct{}{}
		return
	}
	for level := range s.levels {
		at := &s.levels[level][port/word]
		*at |= 1 << (port % word)
		if *at != full {
			return
		}
		port /= word
	}
}

// Remove gives a port back.
func (s *Set) Remove(port int) {
	if !s.near(port) {
		delete(s.far, port)
		return
	}
	for level := range s.levels {
		at := &s.levels[level][port/word]
		wasFull := *at == full
		*at &^= 1 << (port % word)
		if !wasFull {
			return
		}
		port /= word
	}
}

// near reports whether the lowest level has the port.
func (s *Set) near(port int) bool {
	return len(s.levels) > 0 && port/word < len(s.levels[0])
}
