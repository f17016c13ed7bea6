package udpbatch_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	"github.com/strata-net/strata/listener/udpbatch"
)

// upper answers with the text in upper case.
func upper(server *udpbatch.Conn) {
	ms := make([]udpbatch.Message, 128)
	for {
		n, err := server.ReadBatch(ms)
		if err != nil {
			return // closed
		}
		for i := range ms[:n] {
			ms[i].Data = bytes.ToUpper(ms[i].Data)
		}
		for sent := 0; sent < n; sent++ {
			k, _ := server.WriteBatch(ms[sent:n]) // up to one that cannot be sent, which is left out
			sent += k
		}
	}
}

func Example() {
	ctx := context.Background()
	server, err := udpbatch.Listen(ctx, &udpbatch.Config{Address: "udp4://127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go upper(server)

	client, err := udpbatch.Dial(ctx, server.LocalAddr().String(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	n, err := client.WriteBatch([]udpbatch.Message{{Data: []byte("one")}, {Data: []byte("two")}, {Data: []byte("three")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	answers := make([]udpbatch.Message, n)
	for n > 0 {
		k, err := client.ReadBatch(answers[:n])
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, m := range answers[:k] {
			fmt.Printf("%s\n", m.Data)
		}
		n -= k
	}
	// Output:
	// ONE
	// TWO
	// THREE
}

func ExampleConn_Capabilities() {
	conn, err := udpbatch.Listen(context.Background(), &udpbatch.Config{Address: "127.0.0.1:0", GSO: udpbatch.Off})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	able := conn.Capabilities()
	fmt.Println("many a call:", able.Batch > 1 == (runtime.GOOS == "linux"))
	for _, err := range able.Off {
		if e := err.(*udpbatch.Error); e.Field == "GSO" {
			fmt.Println(e.Field, "is off:", e.Err)
		}
	}
	// Output:
	// many a call: true
	// GSO is off: the Config does not ask for it
}
