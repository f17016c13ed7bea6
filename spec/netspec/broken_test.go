package netspec_test

import (
	"errors"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// mapped calls the mapper of a message.
func mapped(t *testing.T, m proto.Message) (any, error) {
	t.Helper()
	switch m := m.(type) {
	case *specv1.DialConfig:
		return netspec.DialConfig(t.Context(), m)
	case *specv1.ListenConfig:
		return netspec.ListenConfig(t.Context(), m)
	case *specv1.PacketConnConfig:
		return netspec.PacketConnConfig(t.Context(), m)
	case *specv1.UDPSessionConfig:
		return netspec.UDPSessionConfig(t.Context(), m)
	}
	require.Fail(t, "no mapper", "%T", m)
	return nil, nil
}

// built calls the builder of a message.
func built(t *testing.T, m proto.Message) error {
	t.Helper()
	var err error
	switch m := m.(type) {
	case *specv1.DialConfig:
		_, err = netspec.NewDialerFromSpec(m)
	case *specv1.ListenConfig:
		_, err = netspec.NewListenerFromSpec(m)
	case *specv1.PacketConnConfig:
		_, err = netspec.NewPacketConnFromSpec(m)
	case *specv1.UDPSessionConfig:
		_, err = netspec.NewUDPListenerFromSpec(m)
	}
	return err
}

type broken struct {
	name string
	m    proto.Message
	want string
}

// All that is wrong is told at once, with its place in the message.
func TestBroken(t *testing.T) {
	spectest.NoLeak(t)
	for _, tt := range append(brokenDials(t), append(brokenListeners(t), brokenPackets(t)...)...) {
		t.Run(tt.name, func(t *testing.T) {
			before := proto.Clone(tt.m)
			_, err := mapped(t, tt.m)
			require.EqualError(t, err, tt.want)
			require.EqualError(t, built(t, tt.m), tt.want, "a builder says the same")
			assert.True(t, proto.Equal(before, tt.m), "the message was changed")
			for _, e := range spec.Errors(err) {
				require.Error(t, e.Err)
			}
		})
	}
}

func lines(all ...string) string { return strings.Join(all, "\n") }

var minus = durationpb.New(-time.Second)

func brokenDials(t *testing.T) []broken {
	t.Helper()
	return []broken{
		{"dial", &specv1.DialConfig{
			LocalAddr: new("localhost:1"), LocalAddrs: []string{"127.0.0.1"},
			LocalPolicy: specv1.DialConfig_LocalPolicy(7).Enum(), LocalPorts: new("1-70000"),
			Timeout: minus, AddressTimeout: minus, HandshakeTimeout: minus, FallbackDelay: &durationpb.Duration{Seconds: 1, Nanos: -1},
			Family: specv1.DialConfig_Family(-1).Enum(), Multipath: specv1.Multipath_Mode(260).Enum(),
			Tls: &specv1.TLSConfig{MinVersion: new("1.4")}, ProxyProtocol: new(int32(3)),
			KeepAlive: &specv1.KeepAliveConfig{Idle: &durationpb.Duration{Seconds: 1e12}},
		}, lines(
			`local_policy: 7: is none of round_robin, hash`,
			`local_ports: "1-70000": want two ports from 0 to 65535, such as 40000-50000`,
			`fallback_delay: seconds=1, nanos=-1 is not a duration: seconds are within 10,000 years, nanos below 10^9, both of one sign`,
			`family: -1: is none of any, prefer_ipv4, prefer_ipv6, only_ipv4, only_ipv6`,
			`multipath: 260: is none of standard, off, prefer, require`,
			`tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`,
			`keep_alive.idle: seconds=1000000000000, nanos=0 is not a duration: seconds are within 10,000 years, nanos below 10^9, both of one sign`,
			`local_addr: "localhost:1": host "localhost" is not an IP literal`,
			`local_addrs: "127.0.0.1": not together with local_addr`,
			`address_timeout: "-1s": must not be negative`,
			`timeout: "-1s": must not be negative`,
			`handshake_timeout: "-1s": must not be negative`,
			`proxy_protocol: 3: must be 0, 1 or 2`,
		)},
		{"options", &specv1.DialConfig{
			Options: values(t, map[string]any{"NOPE": 1}), LocalAddr: new("x"),
		}, lines(
			`options.NOPE: 1: invalid argument: unknown option`,
			`local_addr: "x": must be an IP literal, IP:port, or a unix path that starts with / or @`,
		)},
		{"rewrites", &specv1.DialConfig{
			Rewrites: []string{"tcp|a:80", "(tcp|a:80) (udp|b:80)", "(tcp|a:80) (tcp|b:80)", "(tcp|a:80) (tcp|c:80)"},
		}, lines(
			`rewrites[0]: "tcp|a:80": must be of the form "(tcp|example.com:80) (unix|/var/run/example.sock)"`,
			`rewrites[1]: "(tcp|a:80) (udp|b:80)": network tcp carries streams, udp carries datagrams`,
			`rewrites[3]: "(tcp|a:80) (tcp|c:80)": another rule leads the same target to tcp|b:80`,
		)},
		{"rewrite to what cannot be dialled", &specv1.DialConfig{
			LocalAddr: new("tcp4://127.0.0.1:0"), Rewrites: []string{"(tcp|a:80) (unix|/x)"},
		}, `rewrites[0]: "(tcp|a:80) (unix|/x)": local_addr=tcp4://127.0.0.1:0: an address of network tcp4 cannot be used on network unix`},
		{"proxies", &specv1.DialConfig{
			Proxies: []*specv1.DialConfig_Proxy{
				{},
				{Url: new("ftp://u:secret@proxy")},
				{Url: new("socks5://u:sec ret%zz@proxy")},
				{Url: new("socks5://u:secret@proxy"), Tls: &specv1.TLSConfig{}, Header: map[string]string{"A": "secret", "a": "secret"}},
				{Url: new("http://u:secret@proxy"), Timeout: minus, MaxHeaderBytes: new(int64(-1)), Header: map[string]string{"Host": "secret"}},
				{Url: new("https://[fe80::1%25eth0]"), Tls: &specv1.TLSConfig{MaxVersion: new("2")}},
			},
			ProxyFromEnvironment: new(true),
		}, lines(
			`proxies[0].url: required`,
			`proxies[1].url: the scheme must be one of socks5, socks5h, http, https`,
			`proxies[2].url: must be scheme://[user:password@]host[:port]; special characters in user and password are written as %XX`,
			`proxies[3].header.a: is there twice`,
			`proxies[5].tls.max_version: "2": allowed are 1.0, 1.1, 1.2 and 1.3`,
			`proxy_from_environment: true: there are proxies as well`,
			`proxies[3].tls: only https has it`,
			`proxies[4].timeout: "-1s": must not be negative`,
			`proxies[4].max_header_bytes: -1: must not be negative`,
			`proxies[4].header: Host cannot be chosen`,
			`proxies[5].url: "https://[fe80::1%25eth0]": zone "eth0" is one of this machine and means nothing to a proxy`,
		)},
		{"no probes", &specv1.DialConfig{
			KeepAlive: &specv1.KeepAliveConfig{Enable: new(false), Idle: seconds(1), Interval: seconds(2), Count: new(int32(3))},
			Options:   values(t, map[string]any{"SO_KEEPALIVE": true}),
		}, lines(
			`keep_alive.idle: "1s": not with enable: false`,
			`keep_alive.interval: "2s": not with enable: false`,
			`keep_alive.count: 3: not with enable: false`,
			`keep_alive.enable: false: there is an option SO_KEEPALIVE too`,
		)},
	}
}

func brokenListeners(t *testing.T) []broken {
	t.Helper()
	server, _ := sides(t)
	return []broken{
		{"no listener", (*specv1.ListenConfig)(nil), `there is no message: a listener needs an address`},
		{"empty listener", &specv1.ListenConfig{}, `address: must be set`},
		{"listen", &specv1.ListenConfig{
			Addresses: []string{"udp://127.0.0.1:1", "127.0.0.1:http", "127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:9-8"},
			UnixMode:  new("rw"), UnixOwner: &specv1.ListenConfig_UnixOwner{Uid: new(int64(-2)), Gid: new(int64(1 << 32))},
			Shards: new(int32(-1)), Tls: &specv1.TLSConfig{}, Multipath: specv1.Multipath_Mode(4).Enum(),
			HandshakeTimeout: minus, MaxHandshakes: new(int32(-1)),
			Allow: []string{"10.0.0.0/33"}, Deny: []string{"10.0.0.1", "nobody"},
			MaxConnsPerSource: new(int32(-1)), SourceBits4: new(int32(33)), SourceBits6: new(int32(129)),
			AcceptRate: new(math.NaN()), AcceptBurst: new(int32(-1)), MaxConns: new(int32(-1)),
			OverLimit: specv1.ListenConfig_OverLimit(2).Enum(), IdleTimeout: minus, MaxAge: minus,
			MinReceiveBytesPerSecond: new(int64(-1)), MinReceiveGrace: minus,
		}, lines(
			`unix_mode: "rw": want permissions in octal, at most 0777`,
			`unix_owner.uid: -2: must be from -1 to 4294967294`,
			`unix_owner.gid: 4294967296: must be from -1 to 4294967294`,
			`tls.certificates: required for a listener`,
			`multipath: 4: is none of standard, off, prefer, require`,
			`allow[0]: "10.0.0.0/33": netip.ParsePrefix("10.0.0.0/33"): prefix length out of range`,
			`deny[1]: "nobody": ParseAddr("nobody"): unable to parse IP`,
			`over_limit: 2: is none of wait, refuse`,
			`addresses[0]: "udp://127.0.0.1:1": network udp is one of packets: use PacketConnConfig`,
			`addresses[1]: "127.0.0.1:http": port "http" is not a number from 0 to 65535`,
			`addresses[3]: "127.0.0.1:1": 127.0.0.1:1 is in addresses[2] already`,
			`addresses[4]: "127.0.0.1:9-8": ports "9-8" begin above their end`,
			`shards: -1: must not be negative`,
			`handshake_timeout: "-1s": must not be negative`,
			`max_handshakes: -1: must not be negative`,
			`max_conns_per_source: -1: must not be negative`,
			`max_conns: -1: must not be negative`,
			`accept_burst: -1: must not be negative`,
			`min_receive_bytes_per_second: -1: must not be negative`,
			`idle_timeout: "-1s": must not be negative`,
			`max_age: "-1s": must not be negative`,
			`min_receive_grace: "-1s": must not be negative`,
			`source_bits4: 33: is not from 1 to 32`,
			`source_bits6: 129: is not from 1 to 128`,
			`accept_rate: NaN: is not a number of conns a second`,
		)},
		{"what needs another", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), AcceptBurst: new(int32(1)), MinReceiveGrace: seconds(1),
			ProxyProtocol: &specv1.ListenConfig_ProxyProtocol{
				Untrusted: specv1.ListenConfig_ProxyProtocol_Untrusted(5).Enum(), Allow: []string{"x"},
				HeaderTimeout: minus, MaxHeaderBytes: new(int64(51)),
			},
		}, lines(
			`proxy_protocol.untrusted: 5: is none of refuse, direct`,
			`proxy_protocol.allow[0]: "x": ParseAddr("x"): unable to parse IP`,
			`proxy_protocol.trusted: is empty: nobody could connect; name the proxies`,
			`proxy_protocol.header_timeout: "-1s": must not be negative`,
			`proxy_protocol.max_header_bytes: 51: is not from 52 to 4112`,
			`min_receive_grace: "1s": needs min_receive_bytes_per_second`,
			`accept_burst: 1: needs accept_rate`,
		)},
		{"unix only", &specv1.ListenConfig{
			Address: new("unix:///x"), Allow: []string{"10.0.0.1"}, Shards: new(int32(2)), MaxConnsPerSource: new(int32(1)),
		}, lines(
			`shards: 2: only TCP ports can be shared by sockets, unix:///x cannot`,
			`allow: "10.0.0.1/32": does not concern the peers of unix sockets: set unix_mode and unix_owner`,
			`max_conns_per_source: 1: does not concern the peers of unix sockets: set unix_mode and unix_owner`,
		)},
		{"packets with TLS", &specv1.ListenConfig{Address: new("unixpacket:///x"), Tls: server},
			`tls: network unixpacket is not a stream of bytes: unsupported operation`},
		{"reload without a certificate", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), Tls: &specv1.TLSConfig{Reload: &specv1.TLSConfig_Reload{}},
		}, `tls.certificates: required for a listener`},
	}
}

func brokenPackets(t *testing.T) []broken {
	t.Helper()
	return []broken{
		{"no packet conn", (*specv1.PacketConnConfig)(nil), `there is no message: a packet conn needs an address`},
		{"packets", &specv1.PacketConnConfig{
			Address: new("tcp://127.0.0.1:0"), Options: values(t, map[string]any{"NOPE": "much"}),
		}, lines(
			`options.NOPE: "much": invalid argument: unknown option`,
			`address: "tcp://127.0.0.1:0": network tcp is one of streams: use ListenConfig`,
		)},
		{"no sessions", (*specv1.UDPSessionConfig)(nil), `there is no message: a listener needs an address`},
		{"sessions", &specv1.UDPSessionConfig{
			Address: new("nowhere"), Allow: []string{"x"}, Deny: []string{"y"}, MaxSessions: new(int32(-1)),
			OnFull: specv1.UDPSessionConfig_OnFull(2).Enum(), MaxSessionsPerSource: new(int32(-1)),
			SourceBits4: new(int32(33)), SourceBits6: new(int32(-1)), IdleTimeout: minus, MaxAge: minus,
			Queue: new(int32(-1)), QueueBytes: new(int64(-1)), MaxBytes: new(int64(-1)), Backlog: new(int32(-1)),
		}, lines(
			`allow[0]: "x": ParseAddr("x"): unable to parse IP`,
			`deny[0]: "y": ParseAddr("y"): unable to parse IP`,
			`on_full: 2: is none of refuse, evict_idle`,
			`max_sessions: -1: must not be negative`,
			`max_sessions_per_source: -1: must not be negative`,
			`source_bits4: 33: must not be above 32`,
			`source_bits6: -1: must not be negative`,
			`queue: -1: must not be negative`,
			`queue_bytes: -1: must not be negative`,
			`max_bytes: -1: must not be negative`,
			`backlog: -1: must not be negative`,
			`idle_timeout: "-1s": must not be negative`,
			`max_age: "-1s": must not be negative`,
			`address: "nowhere": address nowhere: missing port in address`,
		)},
	}
}

// What the kernel of Linux has, or has not.
func TestBroken_Linux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the texts are those of Linux")
	}
	for _, tt := range []broken{
		{"bounds of probes", &specv1.DialConfig{KeepAlive: &specv1.KeepAliveConfig{
			Idle: durationpb.New(math.MaxInt64 - 1), Interval: seconds(32768), Count: new(int32(128)),
		}}, lines(
			`keep_alive.idle: "2562047h47m16.854775806s": invalid argument: allowed: 1s..32767s in steps of 1s`,
			`keep_alive.interval: "9h6m8s": invalid argument: allowed: 1s..32767s in steps of 1s`,
			`keep_alive.count: 128: invalid argument: allowed: 1..127`,
		)},
		{"options of others", &specv1.DialConfig{
			Socket: &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(1000))}}, Prefer: values(t, map[string]any{"IP_TOS": 999}),
			LocalPorts: new("9-8"),
		}, lines(
			`prefer.IP_TOS: 999: invalid argument: allowed: 0..255`,
			`socket.ip.ttl: 1000: invalid argument: allowed: -1 or 1..255 hop`,
			`local_ports: "9-8": sockopt: set IP_LOCAL_PORT_RANGE=9-8: invalid argument: allowed: LOW-HIGH with ports 0..65535, 0 for the system's limit`,
		)},
		{"options of a listener", &specv1.DialConfig{Options: values(t, map[string]any{"TCP_DEFER_ACCEPT": "5s"})},
			`options.TCP_DEFER_ACCEPT: "5s": unsupported operation: only at stage listening`},
		{"ports and a port", &specv1.DialConfig{LocalAddr: new("127.0.0.1:5000"), LocalPorts: new("40000-50000")},
			`local_ports: "40000-50000": the local address has a port`},
		{"options of the network", &specv1.ListenConfig{
			Address: new("unix:///x"), Options: values(t, map[string]any{"TCP_NODELAY": true}),
		}, `options.TCP_NODELAY: true: unsupported operation: only for tcp4 tcp6 mptcp`},
		{"one value for a port", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), Shards: new(int32(2)), Options: values(t, map[string]any{"SO_REUSEPORT": false}),
		}, `shards: 2: need SO_REUSEPORT=true, and the options have SO_REUSEPORT=false`},
		{"steering", &specv1.ListenConfig{Address: new("127.0.0.1:0"), SteerByCpu: new(true)}, `steer_by_cpu: true: needs shards above 1`},
		{"no path", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), UnixMode: new("0600"), UnixOwner: &specv1.ListenConfig_UnixOwner{},
		}, lines(
			`unix_mode: no address is a path at which a file is made`,
			`unix_owner: no address is a path at which a file is made`,
		)},
		{"multipath", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), Multipath: specv1.Multipath_require.Enum(), Options: values(t, map[string]any{"TCP_USER_TIMEOUT": "5s"}),
		}, `multipath: "require": sockopt: set TCP_USER_TIMEOUT=5s on mptcp: unsupported operation: Multipath TCP does not have it`},
		{"metadata", &specv1.PacketConnConfig{
			Address: new("unixgram:///x"), Destination: new(true), Ecn: new(true), HopLimit: new(true),
			Socket: &specv1.SockOption{Udp: &specv1.SockUDPOption{Cork: new(true)}},
		}, lines(
			`socket.udp.cork: true: unsupported operation: only for udp4 udp6`,
			`destination: true: unsupported operation: network unixgram is not UDP`,
			`ecn: true: unsupported operation: network unixgram is not UDP`,
			`hop_limit: true: unsupported operation: network unixgram is not UDP`,
		)},
		{"sessions of options", &specv1.UDPSessionConfig{
			Address: new("127.0.0.1:0"), Options: values(t, map[string]any{"TCP_NODELAY": true}),
		}, `options.TCP_NODELAY: true: unsupported operation: only for tcp4 tcp6 mptcp`},
		{"an option twice", &specv1.ListenConfig{
			Address: new("127.0.0.1:0"), Options: values(t, map[string]any{"SO_RCVBUF": 4096}), Prefer: values(t, map[string]any{"SO_RCVBUF": 8192}),
		}, `prefer.SO_RCVBUF: 8192: the same option as options.SO_RCVBUF, which has it already`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mapped(t, tt.m)
			require.EqualError(t, err, tt.want)
		})
	}
}

// Errors unwrap to those of the module, and to the bottom.
func TestErrorsUnwrap(t *testing.T) {
	_, err := mapped(t, &specv1.DialConfig{Timeout: minus, Proxies: []*specv1.DialConfig_Proxy{{Url: new("ftp://x")}}, Rewrites: []string{"x"}})
	var d *dialer.Error
	for _, e := range spec.Errors(err) {
		require.ErrorAs(t, e, &d)
	}
	_, err = mapped(t, &specv1.DialConfig{Options: values(t, map[string]any{"TCP_DEFER_ACCEPT": "5s"})})
	var o *sockopt.Error
	require.ErrorAs(t, err, &o)
	assert.Equal(t, "TCP_DEFER_ACCEPT", o.Option)

	_, err = mapped(t, &specv1.ListenConfig{Address: new("unixpacket:///x"), Tls: &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: file("/does/not/exist"), Key: file("/does/not/exist")}},
	}})
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = mapped(t, &specv1.PacketConnConfig{Address: new("unixgram:///x"), Ecn: new(true)})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	var l *listener.Error
	require.ErrorAs(t, err, &l)
	_, err = mapped(t, &specv1.UDPSessionConfig{})
	var u *udpsession.Error
	require.ErrorAs(t, err, &u)
}
