package document_test

import (
	"fmt"
	"os"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func ExampleUnmarshal() {
	const text = `
timeout: ${DIAL_TIMEOUT:-10s}
options: {TCP_KEEPIDLE: 30s, TCP_NODELAY: true}
`
	var cfg specv1.DialConfig
	source, err := document.Unmarshal("dial.yaml", []byte(text), &cfg, &document.Options{Env: os.LookupEnv})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = source // gives the errors of builders their places: source.Locate(err)
	fmt.Println(cfg.GetTimeout().AsDuration(), len(cfg.GetOptions()))
	// Output: 10s 2
}

func ExampleLoad() {
	var cfg specv1.DialConfig
	_, err := document.Load("testdata/example.yaml", &cfg, nil)
	fmt.Println(err)
	// Output:
	// testdata/example.yaml:2: timeuot: unknown field, did you mean timeout?
	// testdata/example.yaml:3: tls: "none": must be an object
	// testdata/example.yaml:4: options: must be an object, is a list
}

func ExampleMarshal() {
	local := "127.0.0.1:0"
	text, err := document.Marshal(&specv1.DialConfig{LocalAddr: &local}, document.YAML)
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// local_addr: 127.0.0.1:0
	// <nil>
}
