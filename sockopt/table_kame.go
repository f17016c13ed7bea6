//go:build darwin || freebsd

package sockopt

import (
	"math"

	"golang.org/x/sys/unix"
)

// kameTable is what macOS and FreeBSD have in common past POSIX, most of it from KAME's IPv6 stack. It is built and
// vetted, not tested.
var kameTable = []row{
	// SOL_SOCKET
	{Info: Info{Name: "SO_TIMESTAMP", Level: unix.SOL_SOCKET, Number: unix.SO_TIMESTAMP, Networks: udp | raw}},
	{Info: Info{Name: "SO_NOSIGPIPE", Level: unix.SOL_SOCKET, Number: unix.SO_NOSIGPIPE, Networks: every, Note: "the Go runtime ignores SIGPIPE on sockets anyway"}},

	// IPPROTO_IP
	{Info: Info{Name: "IP_HDRINCL", Level: unix.IPPROTO_IP, Number: unix.IP_HDRINCL, Networks: IP4}},
	{Info: Info{Name: "IP_RECVTTL", Level: unix.IPPROTO_IP, Number: unix.IP_RECVTTL, Networks: UDP4 | IP4, Twin: "IPV6_RECVHOPLIMIT"}},
	{Info: Info{Name: "IP_RECVTOS", Level: unix.IPPROTO_IP, Number: unix.IP_RECVTOS, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_RECVDSTADDR", Level: unix.IPPROTO_IP, Number: unix.IP_RECVDSTADDR, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_RECVIF", Level: unix.IPPROTO_IP, Number: unix.IP_RECVIF, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_DONTFRAG", Level: unix.IPPROTO_IP, Number: unix.IP_DONTFRAG, Networks: UDP4 | IP4}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_MULTICAST_IF", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_IF, Range: []Span{{0, math.MaxInt32}}, Networks: UDP6 | IP6}},
	{Info: Info{Name: "IPV6_MULTICAST_HOPS", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_HOPS, Unit: "hop", Range: []Span{{-1, 255}}, Networks: UDP6 | IP6, Reset: []int64{-1}}},
	{Info: Info{Name: "IPV6_MULTICAST_LOOP", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_MULTICAST_LOOP, Networks: UDP6 | IP6}},
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
	{Info: Info{Name: "IPV6_AUTOFLOWLABEL", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_AUTOFLOWLABEL, Networks: inet6}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_KEEPINTVL", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPINTVL, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_KEEPCNT", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPCNT, Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_FASTOPEN", Level: unix.IPPROTO_TCP, Number: unix.TCP_FASTOPEN, Range: []Span{{0, 1}}, Networks: tcp, Stage: Listening, Role: ListenerOnly, Note: "a switch, not a length"}},
	{Info: Info{Name: "TCP_NOPUSH", Level: unix.IPPROTO_TCP, Number: unix.TCP_NOPUSH, Networks: tcp, Stage: Established}},
	{Info: Info{Name: "TCP_NOOPT", Level: unix.IPPROTO_TCP, Number: unix.TCP_NOOPT, Networks: tcp, Until: BeforeConnect}},
}
