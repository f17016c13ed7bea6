package sockopt

import (
	"math"

	"golang.org/x/sys/windows"
)

// table is what Windows has, from its headers (ws2def.h, ws2ipdef.h, mstcpip.h) and by measurement under wine 8.0.
// A version behind ~ is from documentation that was not checked.
var table = []row{
	// SOL_SOCKET
	{Info: Info{Name: "SO_DEBUG", Level: windows.SOL_SOCKET, Number: 1, Networks: every, ReadBack: Live, Note: "providers may ignore it"}},
	{Info: Info{Name: "SO_ACCEPTCONN", Level: windows.SOL_SOCKET, Number: 2, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_REUSEADDR", Level: windows.SOL_SOCKET, Number: windows.SO_REUSEADDR, Networks: every, Until: BeforeBind, Note: "lets any process take over the port: use SO_EXCLUSIVEADDRUSE"}},
	{Info: Info{Name: "SO_EXCLUSIVEADDRUSE", Level: windows.SOL_SOCKET, Number: -5, Networks: every, Until: BeforeBind, Note: "excludes SO_REUSEADDR"}},
	{Info: Info{Name: "SO_KEEPALIVE", Level: windows.SOL_SOCKET, Number: windows.SO_KEEPALIVE, Networks: tcp, Stage: Established, Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "SO_DONTROUTE", Level: windows.SOL_SOCKET, Number: windows.SO_DONTROUTE, Networks: every, ReadBack: Live, Note: "providers may ignore it"}},
	{Info: Info{Name: "SO_BROADCAST", Level: windows.SOL_SOCKET, Number: windows.SO_BROADCAST, Networks: udp | raw, Note: "package net sets it on every UDP socket before Control"}},
	{Info: Info{Name: "SO_LINGER", Level: windows.SOL_SOCKET, Number: windows.SO_LINGER, Unit: "s", Range: []Span{{0, math.MaxUint16}}, Networks: tcp, Note: "above 0 Close blocks a thread for as long"}, wire: wireLinger},
	{Info: Info{Name: "SO_DONTLINGER", Level: windows.SOL_SOCKET, Number: -129, Networks: tcp, Order: 1, Note: "the reverse of SO_LINGER"}},
	{Info: Info{Name: "SO_OOBINLINE", Level: windows.SOL_SOCKET, Number: 256, Networks: tcp}},
	{Info: Info{Name: "SO_SNDBUF", Level: windows.SOL_SOCKET, Number: windows.SO_SNDBUF, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every, Note: "0 sends without a buffer"}},
	{Info: Info{Name: "SO_RCVBUF", Level: windows.SOL_SOCKET, Number: windows.SO_RCVBUF, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: every}},
	{Info: Info{Name: "SO_SNDTIMEO", Level: windows.SOL_SOCKET, Number: windows.SO_SNDTIMEO, Unit: "ms", Range: []Span{{0, math.MaxInt32}}, Networks: every, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_RCVTIMEO", Level: windows.SOL_SOCKET, Number: windows.SO_RCVTIMEO, Unit: "ms", Range: []Span{{0, math.MaxInt32}}, Networks: every, BlockingOnly: true}, wire: wireTimeval},
	{Info: Info{Name: "SO_ERROR", Level: windows.SOL_SOCKET, Number: 4103, ReadOnly: true, Networks: every}, clear: true},
	{Info: Info{Name: "SO_TYPE", Level: windows.SOL_SOCKET, Number: 4104, ReadOnly: true, Networks: every}},
	{Info: Info{Name: "SO_MAX_MSG_SIZE", Level: windows.SOL_SOCKET, Number: 8195, Unit: "byte", ReadOnly: true, Networks: udp}},
	{Info: Info{Name: "SO_CONDITIONAL_ACCEPT", Level: windows.SOL_SOCKET, Number: 12290, Networks: tcp, Until: BeforeConnect}},
	{Info: Info{Name: "SO_PAUSE_ACCEPT", Level: windows.SOL_SOCKET, Number: 12291, Networks: tcp, Stage: Listening, Role: ListenerOnly, Since: "~Vista"}},
	{Info: Info{Name: "SO_RANDOMIZE_PORT", Level: windows.SOL_SOCKET, Number: 12293, WriteOnly: true, Networks: tcp | udp, Until: BeforeBind, Since: "~Vista"}},
	{Info: Info{Name: "SO_PORT_SCALABILITY", Level: windows.SOL_SOCKET, Number: 12294, Networks: tcp | udp, Until: BeforeBind, Since: "~7"}},
	{Info: Info{Name: "SO_REUSE_UNICASTPORT", Level: windows.SOL_SOCKET, Number: 12295, Networks: tcp | udp, Until: BeforeBind, Since: "~10"}},
	{Info: Info{Name: "SO_REUSE_MULTICASTPORT", Level: windows.SOL_SOCKET, Number: 12296, Networks: udp, Until: BeforeBind, Since: "~10"}},
	{Info: Info{Name: "SO_CONNECT_TIME", Level: windows.SOL_SOCKET, Number: 28684, Unit: "s", ReadOnly: true, Networks: tcp}},

	// IPPROTO_IP
	{Info: Info{Name: "IP_TOS", Level: windows.IPPROTO_IP, Number: windows.IP_TOS, Range: []Span{{0, 255}}, Networks: inet4, Twin: "IPV6_TCLASS", ReadBack: Live, Note: "Windows ignores it without a QoS policy"}},
	{Info: Info{Name: "IP_TTL", Level: windows.IPPROTO_IP, Number: windows.IP_TTL, Unit: "hop", Range: []Span{{1, 255}}, Networks: inet4, Twin: "IPV6_UNICAST_HOPS"}},
	{Info: Info{Name: "IP_HDRINCL", Level: windows.IPPROTO_IP, Number: windows.IP_HDRINCL, Networks: IP4}},
	{Info: Info{Name: "IP_MULTICAST_IF", Level: windows.IPPROTO_IP, Number: windows.IP_MULTICAST_IF, Range: []Span{{0, 1<<24 - 1}}, Networks: UDP4 | IP4, Twin: "IPV6_MULTICAST_IF"}, wire: wireNetIndex},
	{Info: Info{Name: "IP_MULTICAST_TTL", Level: windows.IPPROTO_IP, Number: windows.IP_MULTICAST_TTL, Unit: "hop", Range: []Span{{0, 255}}, Networks: UDP4 | IP4, Twin: "IPV6_MULTICAST_HOPS"}},
	{Info: Info{Name: "IP_MULTICAST_LOOP", Level: windows.IPPROTO_IP, Number: windows.IP_MULTICAST_LOOP, Networks: UDP4 | IP4, Twin: "IPV6_MULTICAST_LOOP", Note: "counts on the receiving socket"}},
	{Info: Info{Name: "IP_DONTFRAGMENT", Level: windows.IPPROTO_IP, Number: 14, Networks: UDP4 | IP4, Twin: "IPV6_DONTFRAG"}},
	{Info: Info{Name: "IP_PKTINFO", Level: windows.IPPROTO_IP, Number: windows.IP_PKTINFO, Networks: UDP4 | IP4, Twin: "IPV6_PKTINFO", Since: "~XP"}},
	{Info: Info{Name: "IP_RECVTTL", Level: windows.IPPROTO_IP, Number: 21, Networks: UDP4 | IP4, Twin: "IPV6_HOPLIMIT", Since: "~10"}},
	{Info: Info{Name: "IP_RECEIVE_BROADCAST", Level: windows.IPPROTO_IP, Number: 22, Networks: UDP4 | IP4, Since: "~Vista"}},
	{Info: Info{Name: "IP_UNICAST_IF", Level: windows.IPPROTO_IP, Number: 31, Range: []Span{{0, math.MaxInt32}}, Networks: inet4, Twin: "IPV6_UNICAST_IF", Since: "~Vista"}, wire: wireNetIndex},
	{Info: Info{Name: "IP_RECVTOS", Level: windows.IPPROTO_IP, Number: 40, Networks: UDP4 | IP4, Twin: "IPV6_RECVTCLASS", Since: "~10"}},
	{Info: Info{Name: "IP_RECVECN", Level: windows.IPPROTO_IP, Number: 50, Networks: UDP4 | IP4, Since: "~11"}},
	{Info: Info{Name: "IP_MTU_DISCOVER", Level: windows.IPPROTO_IP, Number: windows.IP_MTU_DISCOVER, Range: []Span{{0, 3}}, Networks: UDP4 | IP4, Twin: "IPV6_MTU_DISCOVER", Since: "~10 1607", Note: "0 not set, 1 always, 2 never, 3 probe"}},
	{Info: Info{Name: "IP_MTU", Level: windows.IPPROTO_IP, Number: 73, Unit: "byte", ReadOnly: true, Networks: TCP4 | UDP4 | IP4, Since: "~10 1607", Note: "connected sockets"}},
	{Info: Info{Name: "IP_RECVERR", Level: windows.IPPROTO_IP, Number: 75, Networks: UDP4 | IP4, Since: "~11"}},
	{Info: Info{Name: "IP_USER_MTU", Level: windows.IPPROTO_IP, Number: 76, Unit: "byte", Range: []Span{{0, math.MaxInt32}}, Networks: inet4, Since: "~10"}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_UNICAST_HOPS", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_UNICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TTL", Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_MULTICAST_IF", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_MULTICAST_IF, Range: []Span{{0, math.MaxInt32}}, Networks: UDP6 | IP6, Twin: "IP_MULTICAST_IF"}},
	{Info: Info{Name: "IPV6_MULTICAST_HOPS", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_MULTICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: UDP6 | IP6, Twin: "IP_MULTICAST_TTL", Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_MULTICAST_LOOP", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_MULTICAST_LOOP, Networks: UDP6 | IP6, Twin: "IP_MULTICAST_LOOP", Note: "counts on the sending socket"}},
	{Info: Info{Name: "IPV6_DONTFRAG", Level: windows.IPPROTO_IPV6, Number: 14, Networks: UDP6 | IP6, Twin: "IP_DONTFRAGMENT", Since: "~Vista"}},
	{Info: Info{Name: "IPV6_PKTINFO", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_PKTINFO, Networks: UDP6 | IP6, Twin: "IP_PKTINFO", Since: "~XP"}},
	{Info: Info{Name: "IPV6_HOPLIMIT", Level: windows.IPPROTO_IPV6, Number: 21, Networks: UDP6 | IP6, Twin: "IP_RECVTTL", Since: "~Vista"}},
	{Info: Info{Name: "IPV6_PROTECTION_LEVEL", Level: windows.IPPROTO_IPV6, Number: 23, Range: []Span{{10, 10}, {20, 20}, {30, 30}}, Networks: inet6, Until: BeforeBind, Since: "~XP"}},
	{Info: Info{Name: "IPV6_V6ONLY", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_V6ONLY, Networks: TCP6 | UDP6, Order: -1, Until: BeforeBind, Since: "Vista", Note: "true by default; package net sets it before Control"}},
	{Info: Info{Name: "IPV6_UNICAST_IF", Level: windows.IPPROTO_IPV6, Number: 31, Range: []Span{{0, math.MaxInt32}}, Networks: inet6, Twin: "IP_UNICAST_IF", Since: "~Vista"}},
	{Info: Info{Name: "IPV6_TCLASS", Level: windows.IPPROTO_IPV6, Number: 39, Range: []Span{{-1, 255}}, Networks: inet6, Twin: "IP_TOS", ReadBack: Live, Reset: []int64{-1}, Since: "~10", Note: "Windows ignores it without a QoS policy"}},
	{Info: Info{Name: "IPV6_RECVTCLASS", Level: windows.IPPROTO_IPV6, Number: 40, Networks: UDP6 | IP6, Twin: "IP_RECVTOS", Since: "~10"}},
	{Info: Info{Name: "IPV6_MTU_DISCOVER", Level: windows.IPPROTO_IPV6, Number: windows.IPV6_MTU_DISCOVER, Range: []Span{{0, 3}}, Networks: UDP6 | IP6, Twin: "IP_MTU_DISCOVER", Since: "~10 1607", Note: "0 not set, 1 always, 2 never, 3 probe"}},
	{Info: Info{Name: "IPV6_MTU", Level: windows.IPPROTO_IPV6, Number: 72, Unit: "byte", ReadOnly: true, Networks: TCP6 | UDP6 | IP6, Since: "~10 1607", Note: "connected sockets"}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_NODELAY", Level: windows.IPPROTO_TCP, Number: windows.TCP_NODELAY, Networks: tcp, Stage: Established, Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_KEEPIDLE", Level: windows.IPPROTO_TCP, Number: windows.TCP_KEEPIDLE, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established, Since: "10 1709", Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_MAXSEG", Level: windows.IPPROTO_TCP, Number: windows.TCP_MAXSEG, Unit: "byte", ReadOnly: true, Networks: tcp, Since: "~10"}},
	{Info: Info{Name: "TCP_MAXRT", Level: windows.IPPROTO_TCP, Number: windows.TCP_MAXRT, Unit: "s", Range: []Span{{-1, math.MaxInt32}}, Networks: tcp, Since: "~Vista"}},
	{Info: Info{Name: "TCP_NOSYNRETRIES", Level: windows.IPPROTO_TCP, Number: windows.TCP_NOSYNRETRIES, Networks: tcp, Until: BeforeConnect, Since: "~Vista"}},
	{Info: Info{Name: "TCP_TIMESTAMPS", Level: windows.IPPROTO_TCP, Number: windows.TCP_TIMESTAMPS, Networks: tcp, Until: BeforeConnect, Since: "~10"}},
	{Info: Info{Name: "TCP_CONGESTION_ALGORITHM", Level: windows.IPPROTO_TCP, Number: windows.TCP_CONGESTION_ALGORITHM, Range: []Span{{0, math.MaxInt32}}, Networks: tcp, Since: "~10"}},
	{Info: Info{Name: "TCP_DELAY_FIN_ACK", Level: windows.IPPROTO_TCP, Number: windows.TCP_DELAY_FIN_ACK, Networks: tcp, Since: "~10"}},
	{Info: Info{Name: "TCP_MAXRTMS", Level: windows.IPPROTO_TCP, Number: windows.TCP_MAXRTMS, Unit: "ms", Range: []Span{{-1, math.MaxInt32}}, Networks: tcp, Since: "~10 2004"}},
	{Info: Info{Name: "TCP_FASTOPEN", Level: windows.IPPROTO_TCP, Number: windows.TCP_FASTOPEN, Range: []Span{{0, 1}}, Networks: tcp, Until: BeforeConnect, Since: "10 1607", Note: "a switch, not a length; a client sends its first data with ConnectEx"}},
	{Info: Info{Name: "TCP_KEEPCNT", Level: windows.IPPROTO_TCP, Number: windows.TCP_KEEPCNT, Range: []Span{{1, 255}}, Networks: tcp, Stage: Established, Since: "10 1703", Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_KEEPINTVL", Level: windows.IPPROTO_TCP, Number: windows.TCP_KEEPINTVL, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established, Since: "10 1709", Note: "package net sets it after connect and accept"}},
	{Info: Info{Name: "TCP_FAIL_CONNECT_ON_ICMP_ERROR", Level: windows.IPPROTO_TCP, Number: windows.TCP_FAIL_CONNECT_ON_ICMP_ERROR, Networks: tcp, Until: BeforeConnect, Since: "~10 2004"}},

	// IPPROTO_UDP
	{Info: Info{Name: "UDP_NOCHECKSUM", Level: windows.IPPROTO_UDP, Number: windows.UDP_NOCHECKSUM, Networks: UDP4}},
	{Info: Info{Name: "UDP_SEND_MSG_SIZE", Level: windows.IPPROTO_UDP, Number: windows.UDP_SEND_MSG_SIZE, Unit: "byte", Range: []Span{{0, math.MaxUint16}}, Networks: udp, Since: "10 2004"}},
	{Info: Info{Name: "UDP_RECV_MAX_COALESCED_SIZE", Level: windows.IPPROTO_UDP, Number: windows.UDP_RECV_MAX_COALESCED_SIZE, Unit: "byte", Range: []Span{{0, math.MaxUint16}}, Networks: udp, Since: "10 2004", Note: "reads need room for that size"}},
}
