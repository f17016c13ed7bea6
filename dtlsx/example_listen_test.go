package dtlsx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleNewListener() {
	ca, err := pki.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := dtlsx.NewListener(context.Background(), &dtlsx.ListenConfig{
		Address:           "127.0.0.1:0",
		Config:            dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}},
		IdleTimeout:       time.Minute,
		MaxConnsPerSource: 100,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			group.Go(func() { // one datagram, and back
				defer c.Close()
				b := make([]byte, dtlsx.MaxPayload)
				n, _ := c.Read(b)
				c.Write(b[:n])
			})
		}
	})

	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := d.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(c, "hello")
	b := make([]byte, 100)
	n, err := c.Read(b)
	fmt.Println(string(b[:n]), err)
	c.Close()
	l.Close()
	group.Wait()
	// Output: hello <nil>
}
