package dialer_test

import (
	"fmt"
	"net"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func ExampleConfig_localAddrs() {
	d, err := dialer.New(&dialer.Config{
		LocalAddrs: []string{"127.0.0.2", "127.0.0.3"},
		LocalPorts: sockopt.PortRange{Low: 40000, High: 50000},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		conn, err := d.Dial("udp", "127.0.0.1:9")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(conn.LocalAddr().(*net.UDPAddr).IP)
		conn.Close()
	}
	// Output:
	// 127.0.0.2
	// 127.0.0.3
	// 127.0.0.2
}
