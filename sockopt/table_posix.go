//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sockopt

import (
	"math"

	"golang.org/x/sys/unix"
)

// posixTable is what POSIX gives, with the numbers of x/sys. It is built and vetted, not tested.
var posixTable = []row{
	// SOL_SOCKET
	{Info: Info{Name: "SO_DEBUG", Level: unix.SOL_SOCKET, Number: unix.SO_DEBUG, Networks: every}},
	{Info: Info{Name: "SO_REUSEADDR", Level: unix.SOL_SOCKET, Number: unix.SO_REUSEADDR, Networks: every, Until: BeforeBind, Note: "package net sets it on stream listeners before Control"}},
	{Info: Info{Name: "SO_TYPE", Level: unix.SOL_SOCKET, Number: unix.SO_TYPE, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_ERROR", Level: unix.SOL_SOCKET, Number: unix.SO_ERROR, ReadOnly: true, Networks: every}, clear: true},
	{Info: Info{Name: "SO_DONTROUTE", Level: unix.SOL_SOCKET, Number: unix.SO_DONTROUTE, Networks: every}},
	{Info: Info{Name: "SO_BROADCAST", Level: unix.SOL_SOCKET, Number: unix.SO_BROADCAST, Networks: udp | raw, Note: "package net sets it on every UDP socket before Control"}},
	{Info: Info{Name: "SO_SNDBUF", Level: unix.SOL_SOCKET, Number: unix.SO_SNDBUF, Unit: "byte", Range: []Span{{1, math.MaxInt32}}, Networks: every}},
	{Info: Info{Name: "SO_RCVBUF", Level: unix.SOL_SOCKET, Number: unix.SO_RCVBUF, Unit: "byte", Range: []Span{{1, math.MaxInt32}}, Networks: every}},
	{Info: Info{Name: "SO_KEEPALIVE", Level: unix.SOL_SOCKET, Number: unix.SO_KEEPALIVE, Networks: tcp, Stage: Established, Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "SO_OOBINLINE", Level: unix.SOL_SOCKET, Number: unix.SO_OOBINLINE, Networks: tcp}},
	{Info: Info{Name: "SO_LINGER", Level: unix.SOL_SOCKET, Number: soLinger, Unit: "s", Range: []Span{{0, math.MaxInt16}}, Networks: tcp}, wire: wireLinger},
	{Info: Info{Name: "SO_REUSEPORT", Level: unix.SOL_SOCKET, Number: unix.SO_REUSEPORT, Networks: every, Until: BeforeBind}},
	{Info: Info{Name: "SO_RCVLOWAT", Level: unix.SOL_SOCKET, Number: unix.SO_RCVLOWAT, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every, ReadBack: Raised}},
	{Info: Info{Name: "SO_SNDLOWAT", Level: unix.SOL_SOCKET, Number: unix.SO_SNDLOWAT, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every, ReadBack: Raised}},
	{Info: Info{Name: "SO_RCVTIMEO", Level: unix.SOL_SOCKET, Number: unix.SO_RCVTIMEO, Unit: "µs", Range: []Span{{0, math.MaxInt32 * 1_000_000}}, Networks: every, ReadBack: Jiffy, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_SNDTIMEO", Level: unix.SOL_SOCKET, Number: unix.SO_SNDTIMEO, Unit: "µs", Range: []Span{{0, math.MaxInt32 * 1_000_000}}, Networks: every, ReadBack: Jiffy, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_ACCEPTCONN", Level: unix.SOL_SOCKET, Number: unix.SO_ACCEPTCONN, ReadOnly: true, Networks: every}},

	// IPPROTO_IP
	{Info: Info{Name: "IP_TOS", Level: unix.IPPROTO_IP, Number: unix.IP_TOS, Range: []Span{{0, 255}}, Networks: inet4, Twin: "IPV6_TCLASS", ReadBack: DropsECN}},
	{Info: Info{Name: "IP_TTL", Level: unix.IPPROTO_IP, Number: unix.IP_TTL, Unit: "hop", Range: []Span{{1, 255}}, Networks: inet4, Twin: "IPV6_UNICAST_HOPS"}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_UNICAST_HOPS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_UNICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TTL", Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_V6ONLY", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_V6ONLY, Networks: TCP6 | UDP6, Order: -1, Until: BeforeBind, Note: "package net sets it before Control"}},
	{Info: Info{Name: "IPV6_TCLASS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_TCLASS, Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TOS", ReadBack: DropsECN, Reset: []int64{-1}}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_NODELAY", Level: unix.IPPROTO_TCP, Number: unix.TCP_NODELAY, Networks: tcp, Stage: Established, Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_MAXSEG", Level: unix.IPPROTO_TCP, Number: unix.TCP_MAXSEG, Unit: "byte", Range: []Span{{1, math.MaxUint16}}, Networks: tcp, Until: BeforeConnect, ReadBack: Segment}},
}
