package sockopt_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/strata-net/strata/sockopt"
)

func ExampleTCPInfo() {
	conn, closeBoth := connect()
	defer closeBoth()

	if _, err := conn.Write([]byte("hello")); err != nil {
		fmt.Println(err)
		return
	}
	m, err := sockopt.TCPInfo(conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.State, m.RTT > 0, m.SndCwnd > 0, m.TotalRetrans)
	fmt.Println(m.BytesSent == sockopt.Absent || m.BytesSent >= 5) // Linux before 4.19 does not tell
	// Output:
	// established true true 0
	// true
}

// Linux doubles a buffer's size, which is no difference. Cutting it to the system's limit is one.
func ExampleOptions_Verify_buffers() {
	conn, closeBoth := connect()
	defer closeBoth()

	opts := sockopt.Options{sockopt.RcvBuf.Value(65536)}
	if err := opts.Apply(conn); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sockopt.RcvBuf.Get(conn))
	fmt.Println(opts.Verify(conn))

	opts = sockopt.Options{sockopt.RcvBuf.Value(2_000_000_000)}
	if err := opts.Apply(conn); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(opts.Verify(conn) != nil)
	// Output:
	// 131072 <nil>
	// <nil>
	// true
}

// A list for tcp has options for both versions of IP: each socket takes those that fit.
// IP_TTL is the same to both, under either name.
func ExampleOptions_Control_twins() {
	opts := sockopt.Options{
		sockopt.IPTTL.Value(9),
		sockopt.IPBindAddressNoPort.Value(false),
		sockopt.IPv6AutoFlowLabel.Value(false),
	}
	config := net.ListenConfig{Control: opts.Control}
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	for _, r := range opts.Report(l.(*net.TCPListener)) {
		fmt.Printf("%s: got %q, note %q\n", r.Option, r.Got, r.Note)
	}
	fmt.Println(sockopt.IPv6UnicastHops.Get(l.(*net.TCPListener)))
	// Output:
	// IP_TTL=9: got "9", note ""
	// IP_BIND_ADDRESS_NO_PORT=false: got "false", note ""
	// IPV6_AUTOFLOWLABEL=false: got "", note "only for tcp6 udp6 ip6"
	// 9 <nil>
}

func ExampleOptions_RefusedByMPTCP() {
	opts := sockopt.Options{
		sockopt.TCPKeepIdle.Value(30 * time.Second),
		sockopt.TCPUserTimeout.Value(5 * time.Second),
	}
	fmt.Println(opts.RefusedByMPTCP())
	// Output: sockopt: set TCP_USER_TIMEOUT=5s on mptcp: unsupported operation: Multipath TCP does not have it
}
