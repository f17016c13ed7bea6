package sockopt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt"
)

func ExampleParse() {
	o, err := sockopt.Parse("TCP_KEEPIDLE=30s")
	fmt.Println(o.Name(), o.ValueText(), err)
	fmt.Println(o == sockopt.TCPKeepIdle.Value(30*time.Second))

	_, err = sockopt.Parse("TCP_KEEPALIVE_IDLE=30s")
	fmt.Println(err)
	_, err = sockopt.Parse("TCP_NODELEY=1")
	fmt.Println(err)
	_, err = sockopt.Parse("TCP_NODELAY=2")
	fmt.Println(err)
	// Output:
	// TCP_KEEPIDLE 30s <nil>
	// true
	// sockopt: parse TCP_KEEPALIVE_IDLE=30s: invalid argument: unknown option
	// sockopt: parse TCP_NODELEY=1: invalid argument: unknown option, did you mean TCP_NODELAY?
	// sockopt: parse TCP_NODELAY=2: invalid argument: want true or false
}

func ExampleOptions_MarshalJSON() {
	opts := sockopt.Options{
		sockopt.TCPNoDelay.Value(false),
		sockopt.TCPKeepIdle.Value(30 * time.Second),
		sockopt.Prefer(sockopt.IPLocalPortRange.Value(sockopt.PortRange{Low: 40000, High: 50000})),
		sockopt.RcvBuf.Value(262144),
	}
	text, err := json.Marshal(opts)
	fmt.Println(string(text), err)
	// Output:
	// {"TCP_NODELAY":false,"TCP_KEEPIDLE":"30s","IP_LOCAL_PORT_RANGE?":"40000-50000","SO_RCVBUF":262144} <nil>
}

func ExampleOptions_UnmarshalJSON() {
	var opts sockopt.Options
	err := json.Unmarshal([]byte(`{"TCP_NODELAY": false, "TCP_KEEPIDLE": "30s"}`), &opts)
	fmt.Println(opts, err)

	err = json.Unmarshal([]byte(`{"TCP_NODELAY": "no", "SO_KEEPALIVE": 1}`), &opts)
	fmt.Println(err)
	// Output:
	// TCP_NODELAY=false,TCP_KEEPIDLE=30s <nil>
	// sockopt: parse TCP_NODELAY="no": invalid argument: want a JSON boolean: true or false
	// sockopt: parse SO_KEEPALIVE=1: invalid argument: want a JSON boolean: true or false
}

func ExampleHandle_Value() {
	o := sockopt.Linger.Value(2 * time.Second)
	fmt.Println(o)
	fmt.Println(o == sockopt.Linger.Value(2*time.Second))
	// Output:
	// SO_LINGER=2s
	// true
}

func ExampleOptions_Check() {
	opts := sockopt.Options{sockopt.TCPNoDelay.Value(true), sockopt.IPTTL.Value(300)}
	fmt.Println(errors.Is(opts.Check("tcp"), syscall.EINVAL))        // no hop limit is 300
	fmt.Println(errors.Is(opts.Check("udp"), errors.ErrUnsupported)) // nor has UDP a TCP_NODELAY
	fmt.Println(opts[:1].Check("tcp", sockopt.Established))
	// Output:
	// true
	// true
	// <nil>
}

func ExampleAll() {
	for info := range sockopt.All() {
		if info.Kind == sockopt.KindLinger {
			fmt.Printf("%s: %s\n", info.Name, info.Doc)
		}
	}
	// Output: SO_LINGER: is how long close waits for unsent data; 0 resets the connection
}
