package main

import (
	"bufio"
	"io"
	"net"

	"github.com/strata-net/strata/internal/bench/turns"
)

// lines is TCP with a line there and one back before a conn is handed out, which is what lonet's handshake takes at least.
var lines = way{name: "limit: TCP and a line each way", open: func() (*link, error) {
	l, err := sockets("tcp4")()
	if err != nil {
		return nil, err
	}
	dial, accept := l.dial, l.accept
	l.dial = func() (net.Conn, error) { return first(dial, say, hear) }
	l.accept = func() (net.Conn, error) { return first(accept, hear, say) }
	return l, nil
}}

// first opens a conn and does two things with it.
func first(open func() (net.Conn, error), things ...func(net.Conn) error) (net.Conn, error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	for _, f := range things {
		if err := f(c); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

const line = "> lonet \"lonet0123456789abcdef\" dial \"client:1\" \"server:1\"\n"

func say(c net.Conn) error {
	_, err := io.WriteString(c, line)
	return err
}

func hear(c net.Conn) error {
	_, err := bufio.NewReaderSize(c, len(line)).ReadString('\n')
	return err
}

// channels is a round trip of a word between two goroutines: their turns alone.
func channels() (*turns.Lane, error) {
	there, back := make(chan int), make(chan int)
	go func() {
		for n := range there {
			back <- n
		}
		close(back)
	}()
	return &turns.Lane{
		Turn: func(m *turns.Meter) error {
			n := 0
			for m.Begin(); n == 0 || !m.Over(); n++ {
				there <- n
				<-back
			}
			m.End(float64(n))
			return nil
		},
		Close: func() {
			close(there)
			<-back
		},
	}, nil
}

// copies is a copy into a buffer and one out of it, by one goroutine: what moving bytes costs alone. The buffer is
// as large as that of a conn of simnet.
func copies(size int) func() (*turns.Lane, error) {
	return func() (*turns.Lane, error) {
		in, out, buffer := make([]byte, size), make([]byte, readSize), make([]byte, room)
		turn := func(m *turns.Meter) error {
			n := 0
			for m.Begin(); n == 0 || !m.Over(); n++ {
				at := buffer[n*readSize%room:][:readSize]
				for i := 0; i < readSize; i += size {
					copy(at[i:], in)
				}
				copy(out, at)
			}
			m.End(float64(n) * readSize / 1e6)
			return nil
		}
		return &turns.Lane{Turn: turn, Close: func() {}}, nil
	}
}
