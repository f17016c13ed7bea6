package sockopt

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

const soLinger = unix.SO_LINGER

// table is what FreeBSD has. It is built and vetted, not tested.
var table = slices.Concat(posixTable, kameTable, []row{
	// SOL_SOCKET
	{Info: Info{Name: "SO_REUSEPORT_LB", Level: unix.SOL_SOCKET, Number: unix.SO_REUSEPORT_LB, Networks: tcp | udp, Until: BeforeBind}},
	{Info: Info{Name: "SO_SETFIB", Level: unix.SOL_SOCKET, Number: unix.SO_SETFIB, Range: []Span{{0, math.MaxUint16}}, WriteOnly: true, Networks: inet, Until: BeforeConnect}},
	{Info: Info{Name: "SO_USER_COOKIE", Level: unix.SOL_SOCKET, Number: unix.SO_USER_COOKIE, WriteOnly: true, Networks: every}},
	{Info: Info{Name: "SO_DOMAIN", Level: unix.SOL_SOCKET, Number: unix.SO_DOMAIN, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_PROTOCOL", Level: unix.SOL_SOCKET, Number: unix.SO_PROTOCOL, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_MAX_PACING_RATE", Level: unix.SOL_SOCKET, Number: unix.SO_MAX_PACING_RATE, Unit: "byte/s", Range: []Span{{0, math.MaxUint32}}, Networks: tcp}, wire: wireInt},

	// IPPROTO_IP
	{Info: Info{Name: "IP_RECVORIGDSTADDR", Level: unix.IPPROTO_IP, Number: unix.IP_RECVORIGDSTADDR, Networks: UDP4 | IP4, Twin: "IPV6_RECVORIGDSTADDR"}},
	{Info: Info{Name: "IP_MINTTL", Level: unix.IPPROTO_IP, Number: unix.IP_MINTTL, Unit: "hop", Range: []Span{{0, 255}}, Networks: inet4}},
	{Info: Info{Name: "IP_BINDANY", Level: unix.IPPROTO_IP, Number: unix.IP_BINDANY, Networks: inet4, Until: BeforeBind, Capability: "PRIV_NETINET_BINDANY", Twin: "IPV6_BINDANY"}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_BINDANY", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_BINDANY, Networks: inet6, Until: BeforeBind, Capability: "PRIV_NETINET_BINDANY", Twin: "IP_BINDANY"}},
	{Info: Info{Name: "IPV6_RECVORIGDSTADDR", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVORIGDSTADDR, Networks: UDP6 | IP6, Twin: "IP_RECVORIGDSTADDR"}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_KEEPIDLE", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPIDLE, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_KEEPINIT", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPINIT, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Until: BeforeConnect}},
	{Info: Info{Name: "TCP_CONGESTION", Level: unix.IPPROTO_TCP, Number: unix.TCP_CONGESTION, Networks: tcp, Order: -1}, wire: wireString},
})
