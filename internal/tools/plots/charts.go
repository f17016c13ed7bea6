package main

const (
	quicGo   = "github.com/quic-go/quic-go"
	xnet     = "golang.org/x/net"
	wg       = "golang.zx2c4.com/wireguard"
	gvisor   = "gvisor.dev/gvisor"
	pion     = "github.com/pion/dtls/v3"
	slower   = "time, as a ratio: below 1 is faster"
	faster   = "rate, as a ratio: above 1 is faster"
	half     = "middle half"
	ratio    = "ratio"
	handmade = "net.Dialer and net.ListenConfig with a closure"
)

// same is a series whose ways have its name.
func same(names ...string) []series {
	list := make([]series, len(names))
	for i, name := range names {
		list[i] = series{name, []string{name}}
	}
	return list
}

// tables are groups that have the names of tables.
func tables(names ...string) []group {
	list := make([]group, len(names))
	for i, name := range names {
		list[i] = group{label: name, table: name}
	}
	return list
}

// charts are all plots.
var charts = []chart{
	{
		name: "options", title: "Setting socket options on a new socket", data: "ratios", column: ratio, spread: half, axis: slower, one: "a closure with unix.SetsockoptInt",
		groups: []group{{"1 option", "Control, options=1", ""}, {"5 options", "Control, options=5", ""}, {"10 options", "Control, options=10", ""}},
		series: same("Options.Control", "limit: bare system calls"),
	},
	{
		name: "dial-accept", title: "Dial, accept, close over loopback", data: "ratios", column: ratio, spread: half, axis: slower, one: handmade,
		groups: []group{{"no options", "dial, accept, close, options=0", ""}, {"5 options", "dial, accept, close, options=5", ""}, {"10 options", "dial, accept, close, options=10", ""}},
		series: same("both with Options.Control", "dialer.New and net.ListenConfig", "net.Dialer and listener.New", "dialer.New and listener.New"),
	},
	{
		name: "accept", title: "A listener with rules, limits, counters, shards", data: "ratios", column: ratio, spread: half, axis: slower, one: "package net, without any",
		groups: []group{
			{"dial, accept, close", "dial, accept, close, limit and rules", ""},
			{"accept, 4 options", "accept, options=4", ""},
			{"8 goroutines dial", "dial by 8 goroutines, accept", ""},
			{"copy from the client", "proxy copy of 1 GiB from the client, a MiB", ""},
			{"copy to the client", "proxy copy of 1 GiB to the client, a MiB", ""},
		},
		series: []series{
			{"listener.New", []string{"net.Dialer and listener.New", "listener.New", "listener.New, Shards=1", "listener.New with limit, rules and counters"}},
			{"the same with IdleTimeout", []string{"the same with IdleTimeout"}},
			{"4 sockets on one port", []string{"listener.New, Shards=4"}},
			{"package net without splice", []string{"net.Listener, conns without splice"}},
		},
	},
	{
		name: "tls", title: "TLS handshakes", data: "tls", column: ratio, spread: half, axis: slower, one: "crypto/tls with one certificate",
		groups: []group{{"full", "TLS handshake, full", ""}, {"resumed", "TLS handshake, resumed", ""}, {"1000 certificates", "TLS handshake, 1000 certificates", ""}},
		series: []series{{"tlsx", []string{"tlsx"}}, {"tls.Config.Certificates", []string{"tls.Config.Certificates"}}, {"the same, leaves not parsed", []string{"the same, leaves not parsed"}}},
	},
	{
		name: "tls-kinds", title: "TLS handshakes by key exchange and resumption", data: "tls", column: ratio, spread: half, axis: slower, one: "X25519MLKEM768, Go's default",
		groups: []group{{"both sides, ECDSA P-256 certificate", "TLS handshake by key exchange and resumption", ""}},
		series: same("SecP256r1MLKEM768", "X25519", "P-256", "P-384", "resumed, TLS 1.3", "resumed, TLS 1.2"),
	},
	{
		name: "http", title: "HTTP/1.1 and HTTP/2: requests per second", data: "http", column: ratio, spread: half, axis: faster, one: "net/http on both sides",
		groups: []group{
			{"HTTP/1.1", "HTTP/1.1", ""},
			{"HTTP/1.1\nTLS", "HTTP/1.1 over TLS", ""},
			{"HTTP/2\nTLS", "HTTP/2 over TLS", ""},
			{"HTTP/1.1\nproxy", "HTTP/1.1 through a reverse proxy", ""},
			{"HTTP/1.1\nTLS, proxy", "HTTP/1.1 over TLS through a reverse proxy", ""},
			{"HTTP/2\nTLS, proxy", "HTTP/2 over TLS through a reverse proxy", ""},
		},
		series: []series{
			{"httpx transport", []string{"httpx transport"}},
			{"httpx server", []string{"httpx server"}},
			{"httpx both", []string{"httpx both"}},
			{"httpx proxy in between", []string{"httpx server, proxy and transport in between"}},
		},
	},
	{
		name: "http3", title: "HTTP/3: requests per second", data: "http3", modules: []string{quicGo}, column: ratio, spread: half, axis: faster, one: "quic-go's http3",
		groups: tables("HTTP/3"), series: same("http3x transport", "http3x server", "http3x both"),
	},
	{
		name: "http-bulk", title: "HTTP/2: a body of 512 MiB", data: "httpbulk", column: "speed", spread: half, axis: faster, one: "net/http with its defaults",
		groups: tables("download", "upload"), series: []series{{"httpx", []string{"HTTP/2, ours"}}},
	},
	{
		name: "http3-bulk", title: "HTTP/3: a body of 128 MiB", data: "httpbulk-http3", modules: []string{quicGo}, column: "speed", spread: half, axis: faster, one: "quic-go's http3",
		groups: tables("download", "upload"),
		series: []series{{"http3x client", []string{"HTTP/3, our client"}}, {"http3x server", []string{"HTTP/3, our server"}}, {"http3x both", []string{"HTTP/3, ours"}}},
	},
	{
		name: "quic", title: "QUIC: streams", data: "quic", modules: []string{quicGo, xnet}, column: ratio, spread: half, axis: faster, one: "quic-go on a bare socket",
		groups: tables("download", "upload", "download, 8 streams", "upload, 8 streams"),
		series: same("quicx", "quicx streams as net.Conn", "quicx/xquic", "x/net/quic"),
	},
	{
		name: "quic-handshakes", title: "QUIC: handshakes per second", data: "quic", modules: []string{quicGo, xnet}, column: ratio, spread: half, axis: faster, one: "quic-go on a bare socket",
		groups: tables("full handshake", "resumed handshake", "0-RTT"),
		series: same("quicx", "quicx streams as net.Conn", "quicx/xquic", "TLS 1.3 over TCP"),
	},
	{
		name: "dtls", title: "DTLS", data: "dtls", modules: []string{pion}, column: ratio, spread: half, axis: faster, one: "pion/dtls",
		groups: []group{
			{"datagrams", "datagrams of 1200 B", ""},
			{"round trips", "round trips of 100 B", ""},
			{"handshake,\ncertificate", "handshake, certificate", ""},
			{"handshake,\nPSK", "handshake, PSK", ""},
			{"handshake,\nresumed", "handshake, resumed", ""},
		},
		series: same("pion/dtls, connected socket", "dtlsx dialer", "dtlsx listener", "dtlsx both"),
	},
	{
		name: "udp", title: "UDP from one end to the other", data: "udp", modules: []string{xnet, wg}, column: "datagrams/s", times: 1e-3, axis: "million datagrams per second, logarithmic", log: true,
		groups: []group{
			{"200 B\nloopback", "end to end, 200 B, loopback", ""},
			{"1400 B\nloopback", "end to end, 1400 B, loopback", ""},
			{"200 B\nveth", "end to end, 200 B, veth", ""},
			{"1400 B\nveth", "end to end, 1400 B, veth", ""},
			{"200 B, veth\nno offload", "end to end, 200 B, veth without offload", ""},
			{"1400 B, veth\nno offload", "end to end, 1400 B, veth without offload", ""},
		},
		series: []series{
			{"listener/udpbatch", []string{"udpbatch"}},
			{"a C program", []string{"C"}},
			{"wireguard-go's conn", []string{"wireguard/conn"}},
			{"ipv4.PacketConn of x/net", []string{"x/net"}},
			{"net.UDPConn", []string{"net.UDPConn"}},
		},
	},
	{
		name: "tunnel-tcp", title: "Tunnels: TCP by number of streams", data: "tunnel", modules: []string{gvisor}, column: "rate", axis: "Gbit/s",
		groups: []group{
			{"1 up", "load", "TCP, 1 up"}, {"4 up", "load", "TCP, 4 up"}, {"16 up", "load", "TCP, 16 up"},
			{"1 down", "load", "TCP, 1 down"}, {"4 down", "load", "TCP, 4 down"}, {"16 down", "load", "TCP, 16 down"},
		},
		series: tunnels,
	},
	{
		name: "tunnel-udp", title: "Tunnels: datagrams of 64 bytes by number of sockets", data: "tunnel", modules: []string{gvisor}, column: "rate", axis: "thousand datagrams per second",
		groups: []group{{"1 up", "load", "UDP, 1 up"}, {"16 up", "load", "UDP, 16 up"}, {"1 down", "load", "UDP, 1 down"}, {"16 down", "load", "UDP, 16 down"}},
		series: tunnels,
	},
	{
		name: "tunnel-memory", title: "Tunnels: memory of an idle flow", data: "tunnel", modules: []string{gvisor}, column: "rate", axis: "KiB a flow, of 10,000",
		groups: []group{{"the way's process, before a collection", "load", "idle, 10000 flows"}},
		series: []series{{"forwarder", []string{"forwarder"}}, {"netstack on a TUN", []string{"netstack on a TUN"}}, {"netstack: two stacks, tunx.Pipe", []string{"netstack: two stacks, tunx.Pipe"}}},
	},
	{
		name: "memory", title: "Memory of a held conn", data: "memory", column: "bytes", axis: "bytes of heap and stack a conn, of 100,000",
		groups: []group{{"held", "a conn that is held", ""}, {"a goroutine reads", "a conn that a goroutine reads from", ""}},
		series: same("net.Listener", "listener.New", "listener.New with limit, rules and counters", "the same with IdleTimeout"),
	},
	{
		name: "memory-http", title: "Memory of an idle conn of HTTP over TLS", data: "memory-tls", column: "bytes", axis: "bytes of heap and stack a conn, of 10,000",
		groups: []group{{"HTTP/1.1", "an idle conn of HTTP/1.1 over TLS", ""}, {"HTTP/2", "an idle conn of HTTP/2 over TLS", ""}},
		series: same("http.Server", "httpx.Server"),
	},
	{
		name: "memory-quic", title: "Memory of an idle conn of QUIC, HTTP/3, DTLS", data: "memory-quic", modules: []string{quicGo, pion}, column: "bytes", axis: "bytes of heap and stack a conn, of 1,000",
		groups: []group{{"QUIC", "an idle QUIC conn", ""}, {"HTTP/3", "an idle conn of HTTP/3", ""}, {"DTLS", "an idle DTLS conn", ""}},
		series: []series{
			{"quic-go, http3, pion/dtls", []string{"quic-go", "http3.Server", "pion/dtls"}},
			{"quicx, http3x, dtlsx", []string{"quicx", "http3x.Server", "dtlsx"}},
			{"the same with limits and rules", []string{"quicx with limits and rules", "dtlsx with limits, rules and IdleTimeout"}},
		},
	},
	{
		name: "virtual", title: "Virtual networks beside loopback TCP", data: "virtual", modules: []string{"google.golang.org/grpc"}, column: ratio, spread: half, log: true,
		axis: "rate, as a ratio, logarithmic: above 1 is faster", one: "loopback TCP",
		groups: []group{{"dial, accept,\nclose", "dial, accept, close", ""}, {"round trip\nof 64 B", "round trip of 64 B", ""}, {"writes\nof 64 KiB", "writes of 64 KiB", ""}, {"writes\nof 1 KiB", "writes of 1 KiB", ""}},
		series: []series{
			{"simnet", []string{"simnet"}},
			{"simnet, scheduled", []string{"simnet, scheduled"}},
			{"pipenet", []string{"pipenet"}},
			{"lonet", []string{"lonet"}},
			{"net.Pipe", []string{"net.Pipe"}},
			{"bufconn of grpc", []string{"bufconn of 256 KiB"}},
		},
	},
	{
		name: "virtual-memory", title: "Virtual networks: memory of an idle pair of conns", data: "virtual", column: "bytes", axis: "bytes of heap and stack, both ends; without the kernel's",
		groups: tables("idle pair of conns"),
		series: same("simnet", "simnet, scheduled", "pipenet", "lonet", "net.Pipe", "loopback TCP"),
	},
}

// tunnels are the ways of a tunnel.
var tunnels = []series{
	{"forwarder", []string{"forwarder"}},
	{"netstack on a TUN", []string{"netstack on a TUN"}},
	{"two stacks, tunx.Pipe", []string{"netstack: two stacks, tunx.Pipe"}},
	{"a copy of the packets, the limit", []string{"copy, virtio-net headers"}},
	{"veth: the kernel alone", []string{"veth"}},
}
