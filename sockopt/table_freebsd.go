package sockopt

import (
	"math"

	"golang.org/x/sys/unix"
)

// table is what POSIX and the headers of FreeBSD give. It is built and vetted, not tested.
var table = []row{
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
	{Info: Info{Name: "SO_LINGER", Level: unix.SOL_SOCKET, Number: unix.SO_LINGER, Unit: "s", Range: []Span{{0, math.MaxInt16}}, Networks: tcp}, wire: wireLinger},
	{Info: Info{Name: "SO_REUSEPORT", Level: unix.SOL_SOCKET, Number: unix.SO_REUSEPORT, Networks: every, Until: BeforeBind}},
	{Info: Info{Name: "SO_RCVLOWAT", Level: unix.SOL_SOCKET, Number: unix.SO_RCVLOWAT, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every, ReadBack: Raised}},
	{Info: Info{Name: "SO_SNDLOWAT", Level: unix.SOL_SOCKET, Number: unix.SO_SNDLOWAT, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every, ReadBack: Raised}},
	{Info: Info{Name: "SO_RCVTIMEO", Level: unix.SOL_SOCKET, Number: unix.SO_RCVTIMEO, Unit: "µs", Range: []Span{{0, math.MaxInt32 * 1_000_000}}, Networks: every, ReadBack: Jiffy, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_SNDTIMEO", Level: unix.SOL_SOCKET, Number: unix.SO_SNDTIMEO, Unit: "µs", Range: []Span{{0, math.MaxInt32 * 1_000_000}}, Networks: every, ReadBack: Jiffy, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_ACCEPTCONN", Level: unix.SOL_SOCKET, Number: unix.SO_ACCEPTCONN, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_TIMESTAMP", Level: unix.SOL_SOCKET, Number: unix.SO_TIMESTAMP, Networks: udp | raw}},
	{Info: Info{Name: "SO_NOSIGPIPE", Level: unix.SOL_SOCKET, Number: unix.SO_NOSIGPIPE, Networks: every, Note: "the Go runtime ignores SIGPIPE on sockets anyway"}},
	{Info: Info{Name: "SO_REUSEPORT_LB", Level: unix.SOL_SOCKET, Number: unix.SO_REUSEPORT_LB, Networks: tcp | udp, Until: BeforeBind}},
	{Info: Info{Name: "SO_SETFIB", Level: unix.SOL_SOCKET, Number: unix.SO_SETFIB, Range: []Span{{0, math.MaxUint16}}, WriteOnly: true, Networks: inet, Until: BeforeConnect}},
	{Info: Info{Name: "SO_USER_COOKIE", Level: unix.SOL_SOCKET, Number: unix.SO_USER_COOKIE, WriteOnly: true, Networks: every}},
	{Info: Info{Name: "SO_DOMAIN", Level: unix.SOL_SOCKET, Number: unix.SO_DOMAIN, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_PROTOCOL", Level: unix.SOL_SOCKET, Number: unix.SO_PROTOCOL, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_MAX_PACING_RATE", Level: unix.SOL_SOCKET, Number: unix.SO_MAX_PACING_RATE, Unit: "byte/s", Range: []Span{{0, math.MaxUint32}}, Networks: tcp}, wire: wireInt},

	// IPPROTO_IP
	{Info: Info{Name: "IP_TOS", Level: unix.IPPROTO_IP, Number: unix.IP_TOS, Range: []Span{{0, 255}}, Networks: inet4, Twin: "IPV6_TCLASS", ReadBack: DropsECN}},
	{Info: Info{Name: "IP_TTL", Level: unix.IPPROTO_IP, Number: unix.IP_TTL, Unit: "hop", Range: []Span{{1, 255}}, Networks: inet4, Twin: "IPV6_UNICAST_HOPS"}},
	{Info: Info{Name: "IP_HDRINCL", Level: unix.IPPROTO_IP, Number: unix.IP_HDRINCL, Networks: IP4}},
	{Info: Info{Name: "IP_RECVTTL", Level: unix.IPPROTO_IP, Number: unix.IP_RECVTTL, Networks: UDP4 | IP4, Twin: "IPV6_RECVHOPLIMIT"}},
	{Info: Info{Name: "IP_RECVTOS", Level: unix.IPPROTO_IP, Number: unix.IP_RECVTOS, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_RECVDSTADDR", Level: unix.IPPROTO_IP, Number: unix.IP_RECVDSTADDR, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_RECVIF", Level: unix.IPPROTO_IP, Number: unix.IP_RECVIF, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_RECVORIGDSTADDR", Level: unix.IPPROTO_IP, Number: unix.IP_RECVORIGDSTADDR, Networks: UDP4 | IP4, Twin: "IPV6_RECVORIGDSTADDR"}},
	{Info: Info{Name: "IP_DONTFRAG", Level: unix.IPPROTO_IP, Number: unix.IP_DONTFRAG, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_MINTTL", Level: unix.IPPROTO_IP, Number: unix.IP_MINTTL, Unit: "hop", Range: []Span{{0, 255}}, Networks: inet4}},
	{Info: Info{Name: "IP_BINDANY", Level: unix.IPPROTO_IP, Number: unix.IP_BINDANY, Networks: inet4, Until: BeforeBind, Capability: "PRIV_NETINET_BINDANY", Twin: "IPV6_BINDANY"}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_UNICAST_HOPS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_UNICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TTL", Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_MULTICAST_IF", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_IF, Range: []Span{{0, math.MaxInt32}}, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_MULTICAST_HOPS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: UDP6 | IP6, Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_MULTICAST_LOOP", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_LOOP, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_V6ONLY", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_V6ONLY, Networks: TCP6 | UDP6, Order: -1, Until: BeforeBind, Note: "package net sets it before Control"}},
	{Info: Info{Name: "IPV6_TCLASS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_TCLASS, Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TOS", ReadBack: DropsECN, Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_RECVHOPLIMIT", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVHOPLIMIT, Networks: UDP6 | IP6, Twin: "IP_RECVTTL"}},
	{Info: Info{Name: "IPV6_RECVPKTINFO", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVPKTINFO, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_RECVTCLASS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVTCLASS, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_RECVPATHMTU", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVPATHMTU, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_RECVHOPOPTS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVHOPOPTS, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_RECVRTHDR", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVRTHDR, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_RECVDSTOPTS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVDSTOPTS, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_DONTFRAG", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_DONTFRAG, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_USE_MIN_MTU", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_USE_MIN_MTU, Range: []Span{{-1, 1}}, Networks: inet6}},
	{Info: Info{Name: "IPV6_CHECKSUM", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_CHECKSUM, Unit: "byte", Range: []Span{{-1, math.MaxInt32}}, Networks: IP6}},
	{Info: Info{Name: "IPV6_BINDANY", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_BINDANY, Networks: inet6, Until: BeforeBind, Capability: "PRIV_NETINET_BINDANY", Twin: "IP_BINDANY"}},
	{Info: Info{Name: "IPV6_RECVORIGDSTADDR", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_RECVORIGDSTADDR, Networks: UDP6 | IP6, Twin: "IP_RECVORIGDSTADDR"}},
	{Info: Info{Name: "IPV6_AUTOFLOWLABEL", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_AUTOFLOWLABEL, Networks: inet6}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_NODELAY", Level: unix.IPPROTO_TCP, Number: unix.TCP_NODELAY, Networks: tcp, Stage: Established, Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_MAXSEG", Level: unix.IPPROTO_TCP, Number: unix.TCP_MAXSEG, Unit: "byte", Range: []Span{{1, math.MaxUint16}}, Networks: tcp, Until: BeforeConnect, ReadBack: Segment}},
	{Info: Info{Name: "TCP_KEEPIDLE", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPIDLE, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_KEEPINTVL", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPINTVL, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_KEEPCNT", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPCNT, Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_KEEPINIT", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPINIT, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Until: BeforeConnect}},
	{Info: Info{Name: "TCP_CONGESTION", Level: unix.IPPROTO_TCP, Number: unix.TCP_CONGESTION, Networks: tcp, Order: -1}, wire: wireString},
	{Info: Info{Name: "TCP_FASTOPEN", Level: unix.IPPROTO_TCP, Number: unix.TCP_FASTOPEN, Range: []Span{{0, 1}}, Networks: tcp, Stage: Listening, Role: ListenerOnly, Note: "a switch, not a length"}},
	{Info: Info{Name: "TCP_NOPUSH", Level: unix.IPPROTO_TCP, Number: unix.TCP_NOPUSH, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_NOOPT", Level: unix.IPPROTO_TCP, Number: unix.TCP_NOOPT, Networks: tcp, Until: BeforeConnect}},
}
