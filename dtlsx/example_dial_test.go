package dtlsx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

// Both sides have a key, and no certificates. The conn goes on when the client's address changes.
func ExampleNewDialer() {
	keys := map[string][]byte{"sensor-7": []byte("an example, not a secret")}
	l, err := dtlsx.NewListener(context.Background(), &dtlsx.ListenConfig{
		Address: "127.0.0.1:0",
		Config: dtlsx.Config{
			ConnectionID: 8,
			PSK: &dtlsx.PSK{Key: func(identity []byte) ([]byte, error) {
				if key, ok := keys[string(identity)]; ok {
					return key, nil
				}
				return nil, errors.New("unknown sensor")
			}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	dialer, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{
			PSK: &dtlsx.PSK{
				Identity: []byte("sensor-7"),
				Key:      func([]byte) ([]byte, error) { return keys["sensor-7"], nil },
			},
			ConnectionID: dtlsx.SendConnectionID,
		},
		Options: sockopt.Options{sockopt.Prefer(sockopt.Priority.Value(6))},
		Timeout: 5 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := dialer.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var accepted net.Conn
	if accepted, err = l.Accept(); err != nil {
		fmt.Println(err)
		return
	}
	defer accepted.Close()
	state := accepted.(*dtlsx.Conn).ConnectionState()
	fmt.Println(dtlsx.CipherSuiteName(state.CipherSuite), string(state.PSKIdentity), len(state.LocalConnectionID))
	// Output: TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 sensor-7 8
}
