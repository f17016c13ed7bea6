package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/strata-net/strata/virtnet/simnet"
)

// What happened on the network is data, to assert on, to draw, and to look at with
// Wireshark.
func ExampleNetwork_Trace() {
	n, err := simnet.New(simnet.Config{MaxEvents: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	for _, name := range []string{"client", "server"} {
		if _, err := n.NewHost(context.Background(), name); err != nil {
			fmt.Println(err)
			return
		}
	}
	_, err = n.Host("client").Dial(context.Background(), "server:80")
	fmt.Println(err != nil)
	for e := range simnet.Filter(n.Trace(), simnet.OfKind(simnet.KindRefuse), simnet.OfHost("client")) {
		fmt.Println(e.Source, "refuses:", e.Reason, e.From.Port())
	}
	// Output:
	// true
	// server refuses: no-listener 80
}

// What two hosts had to do with each other as a diagram, and what one of them saw as a
// file for Wireshark.
func ExampleDiagram() {
	show := func(n *simnet.Network, diagram, file io.Writer) error {
		between := simnet.Filter(n.Trace(), simnet.OfHost("client"), simnet.OfHost("server"))
		return errors.Join(
			simnet.Diagram{MaxEvents: 40}.WriteText(diagram, between), // or WriteMermaid
			simnet.Capture{Host: "client"}.WritePcapng(file, n.Trace()),
		)
	}
	n, err := simnet.New(simnet.Config{MaxEvents: 1000, CaptureBytes: 1500})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer n.Close()
	var file bytes.Buffer
	fmt.Println(show(n, os.Stdout, &file), file.Len() > 0)
	// Output:
	//
	// <nil> true
}
