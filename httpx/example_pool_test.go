package httpx_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/strata-net/strata/httpx"
)

func ExampleNewPool() {
	// Two servers on one port, as a headless service has them.
	first, second, err := listenTwice()
	if err != nil {
		fmt.Println(err)
		return
	}
	port := first.Addr().(*net.TCPAddr).Port
	for _, l := range []net.Listener{first, second} {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.Host)
		})}
		go server.Serve(l)
		defer server.Close()
	}

	pool, err := httpx.NewPool(&httpx.PoolConfig{
		Policy: httpx.PoolRoundRobin,
		// Without it the system's resolver is asked.
		Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	client := &http.Client{Transport: pool}
	for range 4 {
		res, err := client.Get(fmt.Sprintf("http://service.test:%d/", port))
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	for _, a := range pool.Stats().Hosts[0].Addresses {
		fmt.Println(a.Addr.Addr(), a.State, "conns:", a.Conns)
	}
	// Output:
	// 127.0.0.1 up conns: 1
	// 127.0.0.2 up conns: 1
}

// listenTwice listens on two addresses with one port: the first one's may be in use on the second.
func listenTwice() (first, second net.Listener, err error) {
	for range 20 {
		if first, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		port := first.Addr().(*net.TCPAddr).Port
		if second, err = net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port)); err == nil {
			return first, second, nil
		}
		first.Close()
	}
	return nil, nil, err
}
