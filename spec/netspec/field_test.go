package netspec_test

import (
	"crypto/tls"
	"maps"
	"runtime"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// foreign are the messages of other packages, which test their fields themselves.
var foreign = []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}}

// options are samples of the three fields with options.
func options(more map[string]any) map[string]any {
	all := map[string]any{
		"options": map[string]any{"IP_TTL": 7}, "prefer": map[string]any{"IP_TTL": 8},
		"socket": &specv1.SockOption{Ip: &specv1.SockIPOption{Ttl: new(int32(9))}},
	}
	maps.Copy(all, more)
	return all
}

// settle takes out of a TLS config what is made anew each time: all but the name.
func settle(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{ServerName: c.ServerName}
}

var named = &specv1.TLSConfig{ServerName: new("server.test")}

func TestEveryField_Dial(t *testing.T) {
	https := &specv1.DialConfig_Proxy{Url: new("https://proxy.test")}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.DialConfig{} },
		Map: func(m proto.Message) (any, error) {
			c, err := netspec.DialConfig(t.Context(), m.(*specv1.DialConfig))
			if err != nil {
				return nil, err
			}
			c.TLS = settle(c.TLS)
			for i := range c.Proxies {
				c.Proxies[i].TLS = settle(c.Proxies[i].TLS)
			}
			return c, nil
		},
		Samples: options(map[string]any{
			"local_addr": "127.0.0.1:0", "local_addrs": "127.0.0.1", "local_ports": "40000-50000",
			"interface": "lo", "netns": "blue", "tls": named,
			"rewrites": "(tcp|a:80) (unix|/x)",
			"proxies":  https, "proxies.url": "socks5h://proxy.test", "proxies.tls": named,
			"proxies.header": map[string]string{"A": "b"}, "proxy_protocol": 2,
		}),
		Needs: map[string]proto.Message{
			"local_policy": &specv1.DialConfig{LocalAddrs: []string{"127.0.0.1"}},
		},
		Foreign: foreign,
	})
}

func TestEveryField_Listen(t *testing.T) {
	server, _ := sides(t)
	server.ServerName = new("server.test")
	proxied := &specv1.ListenConfig_ProxyProtocol{Trusted: []string{"127.0.0.1"}}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.ListenConfig{Address: new("127.0.0.1:0")} },
		Map: func(m proto.Message) (any, error) {
			c, err := netspec.ListenConfig(t.Context(), m.(*specv1.ListenConfig))
			if err != nil {
				return nil, err
			}
			c.TLS = settle(c.TLS)
			return c, nil
		},
		Samples: options(map[string]any{
			"address": "127.0.0.1:1", "addresses": "127.0.0.1:2", "tls": server,
			"unix_mode": "0660", "unix_owner.uid": 0, "unix_owner.gid": 0, "shards": 2,
			"allow": "10.0.0.0/8", "deny": "10.0.0.0/8",
			"proxy_protocol": proxied, "proxy_protocol.trusted": "10.0.0.1", "proxy_protocol.allow": "10.0.0.0/8",
			"proxy_protocol.max_header_bytes": 1000,
		}),
		Needs: map[string]proto.Message{
			"unix_mode":         &specv1.ListenConfig{Addresses: []string{"unix:///x"}},
			"unix_owner":        &specv1.ListenConfig{Addresses: []string{"unix:///x"}},
			"steer_by_cpu":      &specv1.ListenConfig{Shards: new(int32(2))},
			"accept_burst":      &specv1.ListenConfig{AcceptRate: new(1.0)},
			"min_receive_grace": &specv1.ListenConfig{MinReceiveBytesPerSecond: new(int64(1))},
		},
		Proofs:  steering(),
		Foreign: foreign,
	})
}

// steering skips what one CPU cannot have.
func steering() map[string]func(*testing.T) {
	if runtime.NumCPU() > 1 {
		return nil
	}
	return map[string]func(*testing.T){"steer_by_cpu": func(t *testing.T) { t.Skip("needs two CPUs") }}
}

func TestEveryField_PacketConn(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.PacketConnConfig{Address: new("127.0.0.1:0")} },
		Map: func(m proto.Message) (any, error) {
			return netspec.PacketConnConfig(t.Context(), m.(*specv1.PacketConnConfig))
		},
		Samples: options(map[string]any{"address": "127.0.0.1:1"}),
		Foreign: foreign[1:],
	})
}

func TestEveryField_UDPSession(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.UDPSessionConfig{Address: new("127.0.0.1:0")} },
		Map: func(m proto.Message) (any, error) {
			return netspec.UDPSessionConfig(t.Context(), m.(*specv1.UDPSessionConfig))
		},
		Samples: options(map[string]any{
			"address": "127.0.0.1:1", "allow": "10.0.0.0/8", "deny": "10.0.0.0/8", "idle_timeout": time.Hour,
		}),
		Foreign: foreign[1:],
	})
}
