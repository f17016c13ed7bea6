package main

import (
	"io"
	"net"
	"sync"
)

// splice carries both directions of two conns until both have ended, and closes
// them. A direction that ends is ended on the other side, and the other direction
// goes on.
func splice(a, b net.Conn) {
	var group sync.WaitGroup
	group.Go(func() { pour(a, b) })
	group.Go(func() { pour(b, a) })
	group.Wait()
	a.Close()
	b.Close()
}

// pour carries one direction.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
		return
	}
	// Nothing can come any more, in neither direction.
	to.Close()
	from.Close()
}
