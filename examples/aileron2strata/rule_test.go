package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is wrong or has no effect is said, with the line, and nothing is dropped.
func TestFindings(t *testing.T) {
	for name, tt := range map[string]struct{ in, out, findings string }{
		"no list":       {"tlsConfig: {nextProtos: h2}", "{}", "1 lost tlsConfig.nextProtos: is not a list"},
		"list in list":  {"tlsConfig: {nextProtos: [[h2]]}", "{}", "1 lost tlsConfig.nextProtos: is not a single value"},
		"no bool":       {"tlsConfig: {insecureSkipVerify: maybe}", "{}", `1 lost tlsConfig.insecureSkipVerify: "maybe" is not a bool`},
		"no message":    {"dialConfig: {tlsConfig: [1]}", "{}", "1 lost dialConfig.tlsConfig: is not a TLSConfig"},
		"no mapping":    {"httpTransportConfig:\n  disableKeepAlives: true\n  proxyConnectHeaders: [a]", "", "3 lost httpTransportConfig.proxyConnectHeaders: is not a mapping"},
		"pairs":         {"tlsConfig: {certKeyPairs: {}}", "{}", "1 lost tlsConfig.certKeyPairs: is not a list"},
		"twice":         {"dialConfig:\n  timeout: 1\n  Timeout: 2", "timeout: 1ms", "3 lost dialConfig.Timeout: is there twice"},
		"null":          {"dialConfig: {tlsConfig: null, timeout: }", "{}", ""},
		"too long":      {"dialConfig: {timeout: 9223372036854775807}", "{}", "1 lost dialConfig.timeout: 9223372036854775807 is beyond what a duration can be"},
		"bad rewrite":   {"dialConfig: {replaceTargets: [nothing]}", "{}", `1 lost dialConfig.replaceTargets: `},
		"scheme":        {"dialConfig: {localAddress: 'udp4://:1', localNetwork: tcp}", "local_addr: udp4://:1", ""},
		"no network":    {"dialConfig: {localAddress: ':1'}", "local_addr: :1", "1 note dialConfig.localAddress: had no effect in versions with localNetwork, which is not set"},
		"no address":    {"dialConfig: {localNetwork: tcp}", "{}", "1 note dialConfig.localNetwork: has no effect without localAddress, there as here: left out"},
		"datagrams":     {"listenConfig: {network: udp4, addr: ':1'}", "address: udp4://:1", "1 lost listenConfig.network: udp4: a listener of datagrams with TLS is a DTLSListenConfig"},
		"unixpacket":    {"listenConfig: {network: unixpacket}", "{}", "1 lost listenConfig.network: unixpacket: only streams are listened to"},
		"any port":      {"listenConfig: {network: tcp6}", "address: tcp6://:0", ""},
		"no limit":      {"listenConfig: {connectionLimit: -1}", "{}", "1 note listenConfig.connectionLimit: -1 is not set there: left out"},
		"blacklist":     {"listenConfig: {blacklist: true}", "{}", "1 note listenConfig.blacklist: has no effect without networks, there as here: left out"},
		"udp options":   {"listenConfig: {sockOption: {udpOption: {gro: true}}}", "{}", "1 note listenConfig.sockOption.udpOption: has no effect on a listener of streams, there as here: left out"},
		"no keep-alive": {"listenConfig: {keepAliveConfig: {disable: true, idle: 3}}", "keep_alive:\n    enable: false", ""},
		"keep-alive":    {"listenConfig: {keepAliveConfig: {disable: x}}", "keep_alive: {}", `1 lost listenConfig.keepAliveConfig.disable: "x" is not a bool`},
		"zero options":  {"dialConfig: {sockOption: {ipOption: {localPortRangeLower: 0}, tcpOption: {keepIdle: 0}}}", "{}", "1 note dialConfig.sockOption.ipOption.localPortRangeLower: 0 is not set there: left out\n1 note dialConfig.sockOption.tcpOption.keepIdle: 0 is not set there: left out"},
		"no CA":         {"tlsConfig: {rootCAsIgnoreSystemCerts: true}", "{}", "1 lost tlsConfig.rootCAsIgnoreSystemCerts: no CA at all, which takes no server: name one in rootCAs"},
		"both CAs":      {"tlsConfig: {rootCAs: [a]}", "roots:\n    from:\n        - file: a\n    system: true", ""},
		"client CAs":    {"tlsConfig: {clientCAs: [a], clientCAsIgnoreSystemCerts: true}", "{}", "1 note tlsConfig.clientCAs: has no effect with this clientAuth, there as here: left out\n1 note tlsConfig.clientCAsIgnoreSystemCerts: has no effect with this clientAuth, there as here: left out"},
		"public CAs":    {"tlsConfig: {clientAuth: VerifyClientCertIfGiven}", "client_auth: verify_if_given\nclient_cas:\n    system: true", "1 note tlsConfig.clientCAsIgnoreSystemCerts: is not set: any CA of the system's may vouch for a client, there as here (client_cas.system)"},
		"weak":          {"tlsConfig: {minVersion: 770}", `min_version: "1.1"` + "\nallow_weak: true", "1 note tlsConfig.minVersion: 1.1 is weak: allow_weak is set"},
		"suites":        {"tlsConfig: {tlsCipher: [TLS_FALLBACK_SCSV, 17, 99]}", "cipher_suites:\n    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "1 note tlsConfig.tlsCipher: TLS_FALLBACK_SCSV is no suite to choose: left out\n" + `1 lost tlsConfig.tlsCipher: "99" is not a value of theirs`},
		"never":         {"tlsConfig: {renegotiation: 0}", "{}", ""},
		"not a mapping": {"- a\n---\ndialConfig: {}", "{}", "1 lost document: is not a mapping"},
		"no spec":       {"kind: HTTPServer\n---\ndialConfig: {}", "", ""},
		"alias":         {"dialConfig: {timeout: &t 5, fallbackDelay: *t}", "timeout: 5ms\nfallback_delay: 5ms", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &report{name: "x"}
			documents, err := convert([]byte(tt.in), r)
			require.NoError(t, err)
			text, err := documents[len(documents)-1].yaml()
			require.NoError(t, err)
			if tt.out != "" {
				assert.Equal(t, tt.out, strings.TrimSpace(string(text)))
			}
			var b strings.Builder
			r.print(&b)
			got := strings.NewReplacer("x:", "", ": lost: ", " lost ", ": note: ", " note ").Replace(strings.TrimSpace(b.String()))
			if strings.HasSuffix(tt.findings, ": ") {
				assert.True(t, strings.HasPrefix(got, tt.findings), got)
				return
			}
			assert.Equal(t, tt.findings, got)
		})
	}
}

// Transports keep what their dialers have of TLS, and what follows from zeros.
func TestTransports(t *testing.T) {
	for in, want := range map[string]string{
		"httpTransportConfig: {disableKeepAlives: true, maxIdleConns: 5, tlsConfig: {serverName: a}, dialConfig: {tlsConfig: {serverName: b}}}": `disable_keep_alives: true
response_header_timeout: -1s
expect_continue_timeout: -1s
protocols:
    - http1
proxy_from_environment: true
dial_timeout: -1s
tls:
    server_name: b
dial: {}
`,
		"http2TransportConfig: {pingTimeout: 5, maxReadFrameSize: 20000}": `max_header_list_bytes: 10485760
max_read_frame_bytes: 20000
idle_conn_timeout: -1s
read_idle_timeout: -1s
dial_timeout: -1s
`,
	} {
		r := &report{}
		documents, err := convert([]byte(in), r)
		require.NoError(t, err)
		text, err := documents[0].yaml()
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		assert.False(t, r.lossy(), r.list)
		assert.NotEmpty(t, r.list)
	}
}

// Whatever comes, there is an answer: what is read gives documents, and no panic.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		"kind: HTTPServer\nspec: {httpConfig: {listenConfig: {addr: a}}, http3Config: {}}", "dialConfig: {timeout: 1}",
		"kind: HTTPClient\nspec: {retryConfig: {retryStatusCodes: [1, x]}}", "a: &a [*a]", "tlsConfig: {? [a] : b}",
		"tlsConfig: {certKeyPairs: [{}, a, *b]}", "---\n---\n", "listenConfig: &x {keepAliveConfig: *x}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		documents, err := convert([]byte(in), &report{})
		if err != nil {
			return
		}
		assert.NotEmpty(t, documents)
		for _, d := range documents {
			_, err := d.yaml()
			assert.NoError(t, err)
		}
	})
}
