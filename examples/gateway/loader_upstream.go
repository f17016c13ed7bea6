package main

import (
	"fmt"
	"iter"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func (l *loader) upstreams(v value) {
	for item := range v.items() {
		if u := l.upstream(item); u != nil {
			l.config.Upstreams = append(l.config.Upstreams, u)
		}
	}
}

// upstream takes one entry of upstreams; nil is none.
func (l *loader) upstream(v value) *Upstream {
	u := newUpstream()
	u.at = v.at()
	from, dial := u.origins.from, &u.Dial
	ok := v.mapping(fields{
		"name":              note(&u.nameAt, set(&u.Name, parseName)),
		"address":           note(&u.addressAt, set(&u.Address, parseDialAddress)),
		"echo":              note(&u.echoAt, set(&u.Echo, parseProtocol)),
		"options":           from("Options", u.Options.required),
		"prefer":            u.Options.preferred,
		"tls":               func(v value) { u.TLS = l.clientTLS(v) },
		"dial_timeout":      from("Timeout", set(&dial.Timeout, parseTimeout)),
		"address_timeout":   from("AddressTimeout", set(&dial.AddressTimeout, parseTimeout)),
		"fallback_delay":    from("FallbackDelay", set(&dial.FallbackDelay, parseFallbackDelay)),
		"handshake_timeout": from("HandshakeTimeout", set(&dial.HandshakeTimeout, parseTimeout)),
		"response_timeout":  set(&u.ResponseTimeout, parseTimeout),
		"family":            from("Family", set(&dial.Family, families.parse)),
		"multipath":         from("Multipath", set(&dial.Multipath, multipaths.parse)),
		"interface":         from("Interface", set(&dial.Interface, parseName)),
		"keepalive":         from("KeepAlive", keepAlive(&dial.KeepAlive)),
		"netns":             from("Netns", set(&dial.Netns, parseText)),
		"local_addresses":   from("LocalAddrs", list(&dial.LocalAddrs, parseLocalAddress)),
		"local_policy":      from("LocalPolicy", set(&dial.LocalPolicy, localPolicies.parse)),
		"local_ports":       from("LocalPorts", set(&dial.LocalPorts, parsePortRange)),
		"rewrites":          from("Rewrites", u.rewrites),
		"proxies":           from("Proxies", u.proxies),

		"proxy_from_environment": from("ProxyFromEnvironment", set(&dial.ProxyFromEnvironment, parseBool)),
		"send_proxy_protocol":    from("ProxyProtocol", set(&dial.ProxyProtocol, proxyVersions.parse)),
	}, "name")
	if !ok {
		return nil
	}
	return u
}

// rewrites takes rules such as "(tcp|example.com:80) (unix|/run/x.sock)".
func (u *Upstream) rewrites(v value) {
	elements(v.items(), u.origins, "Rewrites", &u.Dial.Rewrites, parseRewrite)
}

// proxies takes the URLs of a chain. No error shows a password.
func (u *Upstream) proxies(v value) {
	elements(v.oneOrMore(), u.origins, "Proxies", &u.Dial.Proxies, parseProxy)
}

// elements takes what goes into a list of a module's Config, with the place of
// each.
func elements[T any](items iter.Seq[value], o origins, field string, dst *[]T, parse func(string) (T, error)) {
	for item := range items {
		if t, ok := parsed(item, parse); ok {
			o[fmt.Sprintf("%s[%d]", field, len(*dst))] = item.at()
			*dst = append(*dst, t)
		}
	}
}

// The words for the choices of a dialer.
var (
	families = words[dialer.Family]{
		{"any", dialer.FamilyAny},
		{"prefer4", dialer.PreferIPv4},
		{"prefer6", dialer.PreferIPv6},
		{"only4", dialer.OnlyIPv4},
		{"only6", dialer.OnlyIPv6},
	}
	localPolicies = words[dialer.LocalPolicy]{
		{"round_robin", dialer.LocalRoundRobin},
		{"hash", dialer.LocalHash},
	}
	proxyVersions = words[int]{{"0", 0}, {"1", 1}, {"2", 2}}
	multipaths    = words[sockopt.Multipath]{
		{"default", sockopt.MultipathDefault},
		{"off", sockopt.MultipathOff},
		{"prefer", sockopt.MultipathPrefer},
		{"require", sockopt.MultipathRequire},
	}
)
