package simnet

import (
	"cmp"
	"time"
)

// job is what the network has to do at a time. Jobs of one time are done in an
// order that nothing but what they are about decides.
type job struct {
	at       time.Duration
	src, dst string // hosts
	flow     uint64
	kind     jobKind
	number   uint64 // of the packet
	entered  uint64 // the last resort, for jobs that are alike

	conn *Conn    // of push and timer
	p    *packet  // of send and arrive
	path *verdict // of arrive
	call func()   // of fault
	host *Host    // whose pause holds the job up
}

// jobKind is what a job does. The order is that of jobs of one time and flow.
type jobKind uint8

const (
	jobFault  jobKind = iota // calls a function
	jobArrive                // takes a packet in
	jobSend                  // hands a datagram to the fabric
	jobPush                  // sends what a conn has to send
	jobTimer                 // looks what a conn has waited for too long
)

func (j *job) compare(o *job) int {
	return cmp.Or(
		cmp.Compare(j.at, o.at),
		cmp.Compare(j.src, o.src),
		cmp.Compare(j.dst, o.dst),
		cmp.Compare(j.flow, o.flow),
		cmp.Compare(j.kind, o.kind),
		cmp.Compare(j.number, o.number),
		cmp.Compare(j.entered, o.entered),
	)
}

// jobs is a heap.
type jobs []*job

func (q *jobs) push(j *job) {
	*q = append(*q, j)
	s := *q
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].compare(s[i]) <= 0 {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (q *jobs) pop() *job {
	s := *q
	first, end := s[0], len(s)-1
	s[0], s[end] = s[end], nil
	s = s[:end]
	*q = s
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < end && s[down].compare(s[least]) < 0 {
				least = down
			}
		}
		if least == i {
			return first
		}
		s[least], s[i] = s[i], s[least]
		i = least
	}
}
