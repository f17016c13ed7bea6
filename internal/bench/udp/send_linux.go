package main

import (
	"io"
	"time"
)

// A sender sends one batch a call, to one address.
type sender interface {
	send() (datagrams int, err error)
}

func runSender(out io.Writer, w way, j job) error {
	s, err := w.send(j)
	if err != nil {
		return err
	}
	var r report
	before := used()
	begun := time.Now()
	for t := begun; t.Sub(begun) < j.time; t = time.Now() {
		n, err := s.send()
		if err != nil {
			return err
		}
		r.Datagrams += int64(n)
		r.Calls++
	}
	r.Nanoseconds = int64(time.Since(begun))
	r.since(before)
	return writeLine(out, r)
}

// datagrams are the payloads of a batch, one behind the other in memory.
func datagrams(j job) [][]byte {
	memory := make([]byte, j.size*j.batch)
	for i := range memory {
		memory[i] = 'x'
	}
	list := make([][]byte, j.batch)
	for i := range list {
		list[i] = memory[i*j.size:][:j.size:j.size]
	}
	return list
}
