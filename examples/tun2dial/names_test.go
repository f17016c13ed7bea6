package main

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Names and what cannot cross a stack get an address each, and keep it.
func TestNames(t *testing.T) {
	n := newNames()
	for _, host := range []string{
		"a.test", "b.test", "127.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%lo", "fe80::1",
		"0.0.0.0", "224.0.0.1", "198.18.0.7", "198.19.255.1", "fd11:2::1", "255.255.255.255", "",
	} {
		a := n.address(host)
		assert.True(t, nameRange.Contains(a), "%q has %v", host, a)
		assert.NotEqual(t, stackPrefix[0].Addr(), a)
		assert.Equal(t, a, n.address(host))
		assert.Equal(t, host, n.host(a))
	}
	for _, host := range []string{"192.0.2.1", "2001:db8::1", "10.0.0.1", "fd00::1"} {
		assert.Equal(t, host, n.address(host).String())
		assert.Equal(t, host, n.host(netip.MustParseAddr(host)))
	}
	assert.Equal(t, "192.0.2.1", n.address("::ffff:192.0.2.1").String())
}

// The number of names is bounded: the oldest gives way.
func TestNamesAreBounded(t *testing.T) {
	n := newNames()
	first := n.address("first.test")
	seen := map[netip.Addr]bool{first: true}
	for i := range maxNames - 1 {
		a := n.address(strconv.Itoa(i) + ".test")
		if seen[a] || !nameRange.Contains(a) {
			t.Fatalf("%v twice, or not of the range", a)
		}
		seen[a] = true
	}
	assert.Equal(t, first, n.address("first.test"))
	assert.Equal(t, first, n.address("late.test"))
	assert.Equal(t, "late.test", n.host(first))
	assert.NotEqual(t, first, n.address("first.test"))
	assert.Len(t, n.byHost, maxNames)
	assert.Len(t, n.byAddr, maxNames)
}
