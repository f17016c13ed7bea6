package netstack_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// The first row that contains the target is taken, whatever its length.
func TestFirstRowWins(t *testing.T) {
	s, err := netstack.New(nil)
	require.NoError(t, err)
	defer s.Close()
	var devs []*script
	for i, a := range []string{"10.1.0.1/24", "10.2.0.1/24", "10.3.0.1/24"} {
		d := newScript()
		devs = append(devs, d)
		require.NoError(t, s.CreateNIC(netstack.NICID(i+1), d))
		require.NoError(t, s.AddAddress(netstack.NICID(i+1), prefix(a)))
	}
	row := func(p string, nic netstack.NICID) netstack.Route {
		return netstack.Route{Destination: prefix(p), NIC: nic}
	}
	for name, test := range map[string]struct {
		table  []netstack.Route
		target string
		nic    int // 0 is none
	}{
		"one row":                        {[]netstack.Route{row("0.0.0.0/0", 2)}, "192.0.2.1", 2},
		"wider first":                    {[]netstack.Route{row("0.0.0.0/0", 1), row("192.0.2.0/24", 2)}, "192.0.2.1", 1},
		"narrower first":                 {[]netstack.Route{row("192.0.2.0/24", 2), row("0.0.0.0/0", 1)}, "192.0.2.1", 2},
		"the wider one of the narrower":  {[]netstack.Route{row("192.0.2.0/24", 2), row("0.0.0.0/0", 1)}, "198.51.100.1", 1},
		"same twice":                     {[]netstack.Route{row("192.0.2.0/24", 3), row("192.0.2.0/24", 1)}, "192.0.2.1", 3},
		"a NIC that is not there":        {[]netstack.Route{row("192.0.2.0/24", 9), row("0.0.0.0/0", 1)}, "192.0.2.1", 1},
		"host bits":                      {[]netstack.Route{row("192.0.2.77/24", 2)}, "192.0.2.1", 2},
		"none":                           {nil, "192.0.2.1", 0},
		"another":                        {[]netstack.Route{row("192.0.2.0/24", 1)}, "198.51.100.1", 0},
		"another family":                 {[]netstack.Route{row("::/0", 1)}, "198.51.100.1", 0},
		"three deep, the middle is wide": {[]netstack.Route{row("10.9.9.0/24", 1), row("10.9.0.0/16", 2), row("10.0.0.0/8", 3), row("10.9.8.0/24", 3)}, "10.9.8.7", 2},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, s.SetRouteTable(test.table))
			assert.Len(t, s.RouteTable(), len(test.table))
			c, err := s.Dial("udp", test.target+":9")
			if test.nic == 0 {
				assert.ErrorIs(t, err, netstack.ErrNoRoute)
				return
			}
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte("hello"))
			require.NoError(t, err)
			p := devs[test.nic-1].next(t)
			assert.Equal(t, []byte{10, byte(test.nic), 0, 1}, p[12:16])
		})
	}
}

// Source is the address that is taken, MTU the longest packet.
func TestRouteSourceAndMTU(t *testing.T) {
	s, d := newScripted(t, nil)
	require.NoError(t, s.AddAddress(1, prefix("192.0.2.5/24")))
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: prefix("198.51.100.0/24"), Gateway: addr("192.0.2.254"), NIC: 1, Source: addr("192.0.2.5")},
		{Destination: prefix("203.0.113.0/24"), NIC: 1, MTU: 600},
	}))
	c, err := s.Dial("udp", "198.51.100.1:9")
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write(make([]byte, 1000))
	require.NoError(t, err)
	assert.Equal(t, []byte{192, 0, 2, 5}, d.next(t)[12:16])
	go func() {
		if c, err := s.DialContext(t.Context(), "tcp", "203.0.113.1:9"); err == nil {
			c.Close()
		}
	}()
	syn := d.next(t)
	assert.Equal(t, []byte{2, 4, 560 >> 8, 560 & 0xff}, syn[40:44], "maximum segment size")
}

func TestSetRouteTableErrors(t *testing.T) {
	s, _ := newScripted(t, nil)
	before := s.RouteTable()
	err := s.SetRouteTable([]netstack.Route{
		{Destination: prefix("10.0.0.0/8"), NIC: 1},
		{NIC: 1},
		{Destination: prefix("::ffff:10.0.0.0/104"), NIC: 1},
		{Destination: prefix("10.0.0.0/8"), Gateway: addr("::1"), NIC: 1},
		{Destination: prefix("10.0.0.0/8"), Source: addr("::1"), NIC: 1},
		{Destination: prefix("10.0.0.0/8"), Gateway: addr("10.0.0.1"), Source: addr("10.0.0.2"), NIC: 1, MTU: -5},
	})
	assert.EqualError(t, err, `netstack: set route table: table[1]=invalid Prefix nic 1: its destination: not a prefix
netstack: set route table: table[2]=::ffff:10.0.0.0/104 nic 1: its destination: an IPv4 address in IPv6 form: Unmap it
netstack: set route table: table[3]=10.0.0.0/8 via ::1 nic 1: its gateway is of another family than its destination
netstack: set route table: table[4]=10.0.0.0/8 nic 1 src ::1: its source is of another family than its destination
netstack: set route table: table[5]=10.0.0.0/8 via 10.0.0.1 nic 1 src 10.0.0.2 mtu -5: its MTU is not 0 to 65535`)
	assert.Equal(t, before, s.RouteTable())
	got := s.RouteTable()
	got[0].NIC = 99 // a copy
	assert.Equal(t, before, s.RouteTable())
}

// A stack reaches itself: by Loopback, and by the addresses of any NIC.
func TestToItself(t *testing.T) {
	noLeak(t)
	s, d := newScripted(t, nil)
	require.NoError(t, s.CreateNIC(2, netstack.Loopback))
	addrs, err := s.Addresses(2)
	require.NoError(t, err)
	assert.Equal(t, []netip.Prefix{prefix("127.0.0.1/8"), prefix("::1/128")}, addrs)
	for _, target := range []string{"127.0.0.1:80", "127.1.2.3:80", "[::1]:80", "192.0.2.1:80", "[2001:db8::1]:80"} {
		t.Run(target, func(t *testing.T) {
			l, err := s.Listen("tcp", target)
			require.NoError(t, err)
			defer l.Close()
			c, err := s.Dial("tcp", target)
			require.NoError(t, err)
			defer c.Close()
			a, err := l.Accept()
			require.NoError(t, err)
			defer a.Close()
			roundTrip(t, c, a)
			roundTrip(t, a, c)
		})
	}
	assert.Empty(t, d.out)
	st := s.Stats().NICs[2]
	assert.Positive(t, st.RxPackets)
	assert.Equal(t, st.RxBytes, st.TxBytes)
	// What is not its own any more leaves.
	require.NoError(t, s.RemoveAddress(1, addr("192.0.2.1")))
	require.NoError(t, s.AddAddress(1, prefix("192.0.2.2/24")))
	c, err := s.Dial("udp", "192.0.2.1:9")
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	d.next(t)
}

func TestLoopbackDevice(t *testing.T) {
	_, err := netstack.Loopback.Write([]byte{0x45})
	assert.ErrorIs(t, err, netstack.ErrNotSupported)
	_, err = netstack.Loopback.Read(nil)
	assert.EqualError(t, err, "EOF")
	assert.Equal(t, 65535, netstack.Loopback.MTU())
	assert.NoError(t, netstack.Loopback.Close())
}
