package lab

import (
	"context"
	"fmt"
	"net"
	"time"
)

// await sends datagrams from A to B until one arrives: a new link drops what comes before the kernel has noticed that
// it has a carrier.
func (p *Pair) await() error {
	var from, to net.Conn
	err := p.B.Do(func() error {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(AddressB)})
		to = c
		return err
	})
	if err != nil {
		return err
	}
	defer to.Close()
	err = p.A.Do(func() (err error) {
		from, err = (&net.Dialer{}).DialContext(context.Background(), "udp4", to.LocalAddr().String())
		return err
	})
	if err != nil {
		return err
	}
	defer from.Close()
	for range 500 {
		_, _ = from.Write([]byte("?")) // that it may fail is why it is asked again
		to.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err = to.Read(make([]byte, 1)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("nothing gets from %s to %s: %w", AddressA, AddressB, err)
}
