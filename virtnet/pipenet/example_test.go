package pipenet_test

import (
	"context"
	"fmt"
	"io"

	"github.com/strata-net/strata/virtnet/pipenet"
)

func Example() {
	network := pipenet.New("t")
	defer pipenet.AsVirtNet(network).Close()

	server, client := network.Host("server"), network.Host("client")
	l, err := server.Listen("") // the first free port
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "hello "+c.RemoteAddr().String())
	}()

	c, err := client.Dial(context.Background(), "server:1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s: %s %v\n", c.RemoteAddr(), text, err)
	// Output: server:2: hello client:1 <nil>
}
