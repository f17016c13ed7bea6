package socketz_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// A server on loopback shows its own listener and conns. A browser gets a page at the same address.
func Example() {
	var sockets socketz.Registry
	options := sockopt.Options{sockopt.TCPNoDelay.Value(true)}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err = sockets.Listener("web", l, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/sockets", sockets.Handler(nil)) // this machine only
	server := &http.Server{Handler: mux}
	go server.Serve(l)
	defer server.Close()

	res, err := http.Get("http://" + l.Addr().String() + "/debug/sockets?format=json&name=web")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	var page struct {
		Conns []struct {
			Name    string `json:"name"`
			Role    string `json:"role"`
			Type    string `json:"type"`
			Options []struct {
				Option  string `json:"option"`
				Wanted  string `json:"wanted"`
				Got     string `json:"got"`
				Verdict string `json:"verdict"`
			} `json:"options"`
		} `json:"conns"`
	}
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range page.Conns {
		fmt.Println(c.Role, c.Name, c.Type)
		for _, o := range c.Options {
			fmt.Printf("%s: wanted %s, got %s: %s\n", o.Option, o.Wanted, o.Got, o.Verdict)
		}
	}
	// Output:
	// accepted web *net.TCPConn
	// TCP_NODELAY: wanted true, got true: ok
}

// A conn that a program has dialled, and numbers of its own.
func ExampleRegistry_Add() {
	var sockets socketz.Registry
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	remove, err := sockets.Add(socketz.Socket{
		Name: "database", Role: socketz.Dialled, Conn: conn,
		Counters: func(any) any { return map[string]int{"queries": 3} },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove() // closing the conn is enough, as long as it has a descriptor

	_, err = sockets.Add(socketz.Socket{Conn: struct{ net.Conn }{conn}})
	fmt.Println(err)
	// Output:
	// socketz: add Conn=struct { net.Conn }: is not a pointer, so it cannot be followed without keeping it alive
}
