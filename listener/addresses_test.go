package listener_test

import (
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestRangeOfPorts(t *testing.T) {
	for s, want := range map[string]string{
		"127.0.0.1:8000-8002":           "tcp://127.0.0.1:8000 tcp://127.0.0.1:8001 tcp://127.0.0.1:8002",
		":80-80":                        "tcp://:80",
		"tcp6://[fe80::1%a-1]:9-10":     "tcp6://[fe80::1%a-1]:9 tcp6://[fe80::1%a-1]:10",
		"tcp4://my-host:65534-65535":    "tcp4://my-host:65534 tcp4://my-host:65535",
		"tcp://my-host:7":               "tcp://my-host:7",
		"unix:///run/a:1-2":             "unix:///run/a:1-2",
		"tcp4://[::1]:1-2":              "::1 is not an address of network tcp4",
		"127.0.0.1:0-1":                 `ports "0-1" are not two numbers from 1 to 65535`,
		"127.0.0.1:1-65536":             `ports "1-65536" are not two numbers from 1 to 65535`,
		"127.0.0.1:99999999999999999-1": `ports "99999999999999999-1" are not two numbers from 1 to 65535`,
		"127.0.0.1:2-1":                 `ports "2-1" begin above their end`,
		"127.0.0.1:1-65535":             `ports "1-65535" need 65535 sockets, which is more than 1024`,
		"127.0.0.1:1-2-3":               `port "1-2-3" is not a number from 0 to 65535`,
		"127.0.0.1:1-http":              `port "1-http" is not a number from 0 to 65535`,
		"127.0.0.1:-":                   `port "-" is not a number from 0 to 65535`,
		"1-2":                           "address 1-2: missing port in address",
		"udp://127.0.0.1:1-2":           "network udp is one of packets: use NewPacketConn",
		"fd://x":                        `descriptor "x" is not a number from 0 to 2147483647`,
		"fd://":                         `descriptor "" is not a number from 0 to 2147483647`,
		"fd://-1":                       `descriptor "-1" is not a number from 0 to 2147483647`,
		"fd://2147483648":               `descriptor "2147483648" is not a number from 0 to 2147483647`,
		"fd://0":                        "fd://0",
		"fd:3://":                       "unknown network fd:3",
	} {
		got, err := listener.ParseStreams(s)
		if strings.Contains(want, "://") {
			require.NoError(t, err, s)
			assert.Equal(t, want, strings.Join(got, " "))
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestPacketConnsHaveNoRange(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1-2": `port "1-2" is not a number from 0 to 65535`,
		"fd://3":        "network fd is one of streams: use New",
		"systemd://":    "network systemd is one of streams: use New",
	} {
		_, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address})
		assert.EqualError(t, err, "listener: config: Address="+address+": "+want)
	}
}

func TestEveryBadAddressIsReported(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address:   "tcp://127.0.0.1:70000",
		Addresses: []string{"127.0.0.1:0", "", "http://127.0.0.1:1", "fd://x"},
		Shards:    -1, HandshakeTimeout: -1,
	})
	assert.EqualError(t, err, strings.Join([]string{
		`listener: config: Address=tcp://127.0.0.1:70000: port "70000" is not a number from 0 to 65535`,
		`listener: config: Addresses[1]: must be set`,
		`listener: config: Addresses[2]=http://127.0.0.1:1: unknown network http`,
		`listener: config: Addresses[3]=fd://x: descriptor "x" is not a number from 0 to 2147483647`,
		`listener: config: Shards=-1: must not be negative`,
		`listener: config: HandshakeTimeout=-1ns: must not be negative`,
	}, "\n"))
}

func TestAddressTwice(t *testing.T) {
	for _, test := range []struct {
		address   string
		addresses []string
		want      string // "" is none
	}{
		{"127.0.0.1:81", []string{"tcp://127.0.0.1:081"}, "Addresses[0]=tcp://127.0.0.1:081: 127.0.0.1:081 is in Address already"},
		{"127.0.0.1:81", []string{"tcp4://127.0.0.1:81"}, "Addresses[0]=tcp4://127.0.0.1:81: 127.0.0.1:81 is in Address already"},
		{"[::1]:81", []string{"tcp6://[0:0::1]:81"}, "Addresses[0]=tcp6://[0:0::1]:81: [0:0::1]:81 is in Address already"},
		{"", []string{"LOCALHOST:81", "localhost:80-82"}, "Addresses[1]=localhost:80-82: localhost:81 is in Addresses[0] already"},
		{"", []string{"unix:///a", "unixpacket:///a"}, "Addresses[1]=unixpacket:///a: /a is in Addresses[0] already"},
		{"", []string{"fd://3", "fd://03"}, "Addresses[1]=fd://03: 03 is in Addresses[0] already"},
	} {
		_, err := listener.OpenAll(t.Context(), &listener.Config{Address: test.address, Addresses: test.addresses})
		assert.EqualError(t, err, "listener: config: "+test.want)
	}
}

func TestTooManySockets(t *testing.T) {
	var all []string
	for i := range 1025 {
		all = append(all, fmt.Sprintf("127.0.0.1:%d", i+1))
	}
	_, err := listener.OpenAll(t.Context(), &listener.Config{Addresses: all})
	assert.EqualError(t, err, "listener: config: Addresses: 1025 sockets with 1 shards each are more than 1024")
}

func TestSeveralAddresses(t *testing.T) {
	noLeak(t)
	all, err := listener.OpenAll(t.Context(), &listener.Config{
		Address: "127.0.0.1:0", Addresses: []string{"tcp6://[::1]:0", "127.0.0.1:0"},
	})
	require.NoError(t, err)
	require.Len(t, all, 3)
	for _, l := range all {
		roundTripOnce(t, l)
		require.NoError(t, l.Close())
	}
}

// roundTripOnce proves that l accepts.
func roundTripOnce(t *testing.T, l net.Listener) {
	t.Helper()
	client := dial(t, l)
	server := accept(t, l)
	_, err := server.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, server.Close())
	buf := make([]byte, 6)
	n, err := client.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	require.NoError(t, client.Close())
}

func TestAllAddressesOrNone(t *testing.T) {
	noLeak(t)
	taken := open(t, &listener.Config{Address: "127.0.0.1:0"})
	port := taken.Addr().(*net.TCPAddr).Port
	free := fmt.Sprintf("127.0.0.2:%d", port)
	_, err := listener.OpenAll(t.Context(), &listener.Config{Addresses: []string{free, taken.Addr().String()}})
	assert.Equal(t, taken.Addr().String(), failure(t, err).Address)
	open(t, &listener.Config{Address: free})
}

func TestConfigOfUnixFilesWithoutOne(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "fd://9"} {
		_, err := listener.New(t.Context(), &listener.Config{
			Address: address, UnixMode: 0o4700, UnixOwner: &listener.UnixOwner{UID: -2, GID: -1},
		})
		assert.ErrorContains(t, err, "listener: config: UnixMode="+fs.FileMode(0o4700).String()+": ")
		assert.ErrorContains(t, err, "listener: config: UnixOwner=-2:-1: is not from -1 to 4294967294")
	}
}
