package netspec_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func ExampleNewListenerFromSpec() {
	l, err := netspec.NewListenerFromSpec(&specv1.ListenConfig{
		Address:     new("127.0.0.1:0"),
		Deny:        []string{"192.0.2.0/24"},
		MaxConns:    new(int32(100)),
		IdleTimeout: seconds(60),
	})
	if err != nil {
		log.Fatal(err)
	}
	d, err := netspec.NewDialerFromSpec(&specv1.DialConfig{
		Rewrites: []string{"(tcp|hello.test:80) (tcp|" + l.Addr().String() + ")"},
	})
	if err != nil {
		log.Fatal(err)
	}
	client, err := d.DialContext(context.Background(), "tcp", "hello.test:80")
	if err != nil {
		log.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(server, "hello")
	server.Close()
	text, err := io.ReadAll(client)
	fmt.Println(string(text), err)
	client.Close()
	l.Close()
	// Output: hello <nil>
}

func ExampleDialConfig() {
	_, err := netspec.DialConfig(context.Background(), &specv1.DialConfig{
		LocalAddr: new("localhost:0"),
		Rewrites:  []string{"(tcp|a:80) (udp|b:80)"},
		Proxies:   []*specv1.DialConfig_Proxy{{Url: new("http://user:secret@proxy/path")}},
	})
	for _, e := range spec.Errors(err) {
		fmt.Println(e)
	}
	// Output:
	// rewrites[0]: "(tcp|a:80) (udp|b:80)": network tcp carries streams, udp carries datagrams
	// proxies[0].url: "http://...": the URL must end after host and port; /, ? and # in a password are written as %2F, %3F, %23
	// local_addr: "localhost:0": host "localhost" is not an IP literal
}

func ExampleListenConfig() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var m specv1.ListenConfig
	var cfg *listener.Config
	_, err := document.Load("testdata/listen.yaml", &m, &document.Options{
		Env: os.LookupEnv,
		Check: func(m proto.Message) (err error) {
			cfg, err = netspec.ListenConfig(ctx, m.(*specv1.ListenConfig))
			return err
		},
	})
	fmt.Println(err)
	_ = cfg // what listener.New wants, if there is no error
	// Output:
	// testdata/listen.yaml:2: max_cons: unknown field, did you mean max_conns?
	// testdata/listen.yaml:3: deny[1]: "192.0.2.0/33": netip.ParsePrefix("192.0.2.0/33"): prefix length out of range
	// testdata/listen.yaml:4: idle_timeout: 5: a duration has a unit: 5s
}
