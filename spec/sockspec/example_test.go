package sockspec_test

import (
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// The three fields become one list, which dialers and listeners take.
func ExampleOptions() {
	m := &specv1.DialConfig{
		Options: map[string]*structpb.Value{"SO_KEEPALIVE": structpb.NewBoolValue(true)},
		Prefer:  map[string]*structpb.Value{"TCP_USER_TIMEOUT": structpb.NewStringValue("5s")},
		Socket:  &specv1.SockOption{Tcp: &specv1.SockTCPOption{Keepidle: durationpb.New(30e9), Nodelay: new(false)}},
	}
	list, err := sockspec.Options(m.GetSocket(), m.GetOptions(), m.GetPrefer())
	fmt.Println(list, err)

	m.Options["TCP_NODELAY"] = structpb.NewBoolValue(true)
	_, err = sockspec.Options(m.GetSocket(), m.GetOptions(), m.GetPrefer())
	fmt.Println(err)
	// Output:
	// SO_KEEPALIVE=true,TCP_NODELAY=false,TCP_KEEPIDLE=30s,TCP_USER_TIMEOUT?=5s <nil>
	// options.TCP_NODELAY: true: the same option as socket.tcp.nodelay, which has it already
}
