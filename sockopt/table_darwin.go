package sockopt

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

// soLinger takes seconds; SO_LINGER takes clock ticks here.
const soLinger = unix.SO_LINGER_SEC

// table is what macOS has. It is built and vetted, not tested.
var table = slices.Concat(posixTable, kameTable, []row{
	// IPPROTO_IP
	{Info: Info{Name: "IP_PKTINFO", Level: unix.IPPROTO_IP, Number: unix.IP_PKTINFO, Networks: UDP4 | IP4}},
	{Info: Info{Name: "IP_BOUND_IF", Level: unix.IPPROTO_IP, Number: unix.IP_BOUND_IF, Range: []Span{{0, math.MaxInt32}}, Networks: inet4, Twin: "IPV6_BOUND_IF"}},

	// IPPROTO_IPV6
	{Info: Info{Name: "IPV6_BOUND_IF", Level: unix.IPPROTO_IPV6, Number: unix.IPV6_BOUND_IF, Range: []Span{{0, math.MaxInt32}}, Networks: inet6, Twin: "IP_BOUND_IF"}},

	// IPPROTO_TCP
	{Info: Info{Name: "TCP_KEEPIDLE", Level: unix.IPPROTO_TCP, Number: unix.TCP_KEEPALIVE, Unit: "s", Range: []Span{{1, math.MaxInt32}}, Networks: tcp, Stage: Established, Note: "named TCP_KEEPALIVE here"}},
	{Info: Info{Name: "TCP_CONNECTIONTIMEOUT", Level: unix.IPPROTO_TCP, Number: unix.TCP_CONNECTIONTIMEOUT, Unit: "s", Range: []Span{{0, math.MaxInt32}}, Networks: tcp, Until: BeforeConnect}},
	{Info: Info{Name: "TCP_NOTSENT_LOWAT", Level: unix.IPPROTO_TCP, Number: unix.TCP_NOTSENT_LOWAT, Unit: "byte", Networks: tcp}},
})
