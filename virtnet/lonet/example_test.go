package lonet_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/strata-net/strata/virtnet/lonet"
)

func Example() {
	ctx := context.Background()
	one, err := lonet.Join(ctx, "") // a new network with a random name
	if err != nil {
		fmt.Println(err)
		return
	}
	defer one.Close()
	server, err := one.NewHost(ctx, "server")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := server.Listen(":1")
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

	// Another process joins with the same name, and sees the hosts of all.
	two, err := lonet.Join(ctx, strings.TrimPrefix(one.Network(), "lonet"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer two.Close()
	client, err := two.NewHost(ctx, "client")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := client.Dial(ctx, "server:1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s: %s %v\n", c.RemoteAddr(), text, err)
	// Output: server:2: hello client:1 <nil>
}
