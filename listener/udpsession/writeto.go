package udpsession

import "io"

// WriteTo writes each datagram to w as it comes, with one Write each, until the
// session ends or w fails, and returns how many bytes that were and why it
// ended. A session that waits in it takes no buffer, which one in Read does.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		d, err := c.next()
		if err != nil {
			return total, c.failed("read", err)
		}
		n, err := w.Write(d.data)
		d.free()
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}
