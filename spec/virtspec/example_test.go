package virtspec_test

import (
	"context"
	"fmt"
	"io"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/virtspec"
)

// A phone behind a NAT asks a server, over a slow link.
func ExampleNewNetworkFromSpec() {
	var m specv1.VirtualNetwork
	if _, err := document.Load("testdata/phone.yaml", &m, nil); err != nil {
		fmt.Println(err)
		return
	}
	n, err := virtspec.NewNetworkFromSpec(&m)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	l, err := n.Host("server").Listen(":80")
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
		fmt.Fprint(c, "hello ", c.RemoteAddr().Network())
	}()
	c, err := n.Host("phone").Dial(context.Background(), "server:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	got, err := io.ReadAll(c)
	fmt.Println(string(got), err)
	// Output: hello tcp <nil>
}
