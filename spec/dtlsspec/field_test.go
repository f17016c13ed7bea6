package dtlsspec_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// visible is a config with what is comparable of its functions.
type visible struct {
	config, sessions any
	tls              *tls.Config
	keys             map[string]string
}

// show takes out what differs from call to call.
func show(cfg any, c *dtlsx.Config) visible {
	v := visible{config: cfg, keys: map[string]string{}, sessions: c.Sessions}
	if c.PSK != nil {
		for _, identity := range []string{"sensor-7", "sample", "a:b"} {
			key, err := c.PSK.Key([]byte(identity))
			v.keys[identity] = string(key)
			if err != nil {
				v.keys[identity] = err.Error()
			}
		}
		c.PSK.Key = nil
	}
	if c.TLS != nil {
		v.tls = &tls.Config{ServerName: c.TLS.ServerName, NextProtos: c.TLS.NextProtos}
	}
	c.Sessions, c.TLS = nil, nil
	return v
}

// samples are for the fields that both messages have.
func samples(t *testing.T) map[string]any {
	t.Helper()
	rcvbuf := map[string]any{"SO_RCVBUF": 65536}
	return map[string]any{
		"dtls.psk.identity":       "sensor-7",
		"dtls.psk.keys":           map[string]any{"sensor-7": text("0102f00d")},
		"dtls.psk.keys.file":      secret(t, "0a\n"),
		"dtls.psk.keys.env":       "STRATA_TEST_PSK",
		"dtls.psk.keys.text":      "0b0c",
		"dtls.psk.keys_from":      text("sample:0d"),
		"dtls.psk.keys_from.file": secret(t, "# all\n\nsample:0a\n"),
		"dtls.psk.keys_from.env":  "STRATA_TEST_PSK_LIST",
		"dtls.psk.keys_from.text": "a:b:01\nsample:0b0c\r\n",
		"dtls.mtu_bytes":          300,
		"dtls.replay_window":      128,
		"dtls.key_log_file":       secret(t, ""),
		"options":                 rcvbuf,
		"prefer":                  rcvbuf,
		"socket":                  &specv1.SockOption{So: &specv1.SockSOOption{Rcvbuf: new(int64(65536))}},
	}
}

func environment(t *testing.T) {
	t.Helper()
	t.Setenv("STRATA_TEST_PSK", "0e")
	t.Setenv("STRATA_TEST_PSK_LIST", "sample:0f")
}

func TestEveryDialField(t *testing.T) {
	environment(t)
	c := &spectest.Case{
		New: func() proto.Message { return &specv1.DTLSDialConfig{} },
		Map: func(m proto.Message) (any, error) {
			cfg, err := dtlsspec.DialConfig(t.Context(), m.(*specv1.DTLSDialConfig))
			if err != nil {
				return nil, err
			}
			return show(cfg, &cfg.Config), nil
		},
		Samples: samples(t),
		Needs: map[string]proto.Message{
			"dtls.psk":           &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: psk(new("sensor-7"))}},
			"dtls.srtp_profiles": &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{AllowInsecure: new(true)}},
		},
		Proofs: map[string]func(*testing.T){
			"dtls.psk.hint": func(t *testing.T) {
				c := psk(new("sensor-7"))
				c.Hint = new("h")
				_, err := dtlsspec.DialConfig(t.Context(), &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: c}})
				assert.EqualError(t, err, `dtls.psk.hint: "h": is the server's: a client has an Identity`)
			},
			// Clients have one key, which those of others do not change.
			"dtls.psk.keys_from":      clientKeys(&specv1.DTLSConfig_PSK{KeysFrom: text("x:00\nsensor-7:01")}),
			"dtls.psk.keys_from.file": clientKeys(&specv1.DTLSConfig_PSK{KeysFrom: file(secret(t, "sensor-7:01"))}),
			"dtls.psk.keys_from.env":  clientKeys(&specv1.DTLSConfig_PSK{KeysFrom: env("STRATA_TEST_PSK_CLIENT")}),
			"dtls.psk.keys_from.text": clientKeys(&specv1.DTLSConfig_PSK{KeysFrom: text("sensor-7:01")}),
			"dtls.psk.identity": func(t *testing.T) {
				c, s := connect(t, &specv1.DTLSConfig{Psk: psk(nil)}, &specv1.DTLSConfig{Psk: psk(new("sensor-7"))})
				assert.Equal(t, "sensor-7", string(s.ConnectionState().PSKIdentity))
				assert.Equal(t, "sensor-7", string(c.ConnectionState().PSKIdentity))
			},
		},
		Foreign: []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}},
	}
	c.Samples["local_addr"] = "127.0.0.1:0"
	c.Samples["dtls.tls"] = &specv1.TLSConfig{Alpn: []string{"coap"}}
	c.Samples["dtls.cipher_suites"] = []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}
	for _, path := range []string{"identity", "keys_from", "keys_from.file", "keys_from.env", "keys_from.text"} {
		delete(c.Samples, "dtls.psk."+path)
	}
	spectest.EveryField(t, c)
}

// clientKeys wants the key 01 for sensor-7.
func clientKeys(p *specv1.DTLSConfig_PSK) func(*testing.T) {
	return func(t *testing.T) {
		t.Setenv("STRATA_TEST_PSK_CLIENT", "sensor-7:01")
		p.Identity = new("sensor-7")
		cfg, err := dtlsspec.DialConfig(t.Context(), &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Psk: p}})
		if assert.NoError(t, err) {
			key, err := cfg.PSK.Key([]byte("a hint"))
			assert.Equal(t, []byte{1}, key)
			assert.NoError(t, err)
		}
	}
}

func TestEveryListenField(t *testing.T) {
	environment(t)
	everything := &specv1.DTLSListenConfig{Dtls: &specv1.DTLSConfig{
		Tls: serverTLS(t), Psk: psk(nil), AllowInsecure: new(true),
	}}
	c := &spectest.Case{
		New: func() proto.Message {
			return &specv1.DTLSListenConfig{Address: new("127.0.0.1:0"), Dtls: &specv1.DTLSConfig{Psk: psk(nil)}}
		},
		Map: func(m proto.Message) (any, error) {
			cfg, err := dtlsspec.ListenConfig(t.Context(), m.(*specv1.DTLSListenConfig))
			if err != nil {
				return nil, err
			}
			return show(cfg, &cfg.Config), nil
		},
		Samples: samples(t),
		Needs:   map[string]proto.Message{"dtls.cipher_suites": everything, "dtls.srtp_profiles": everything},
		Proofs: map[string]func(*testing.T){
			"dtls.psk.identity": func(t *testing.T) {
				_, err := dtlsspec.ListenConfig(t.Context(), &specv1.DTLSListenConfig{
					Address: new("127.0.0.1:0"), Dtls: &specv1.DTLSConfig{Psk: psk(new("sensor-7"))},
				})
				assert.EqualError(t, err, `dtls.psk.identity: "sensor-7": is the client's: a server has a Hint`)
			},
		},
		Foreign: []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}},
	}
	c.Samples["address"] = "udp6://[::1]:0"
	c.Samples["allow"] = []string{"10.0.0.0/8"}
	c.Samples["deny"] = []string{"192.0.2.1"}
	c.Samples["dtls.tls"] = &specv1.TLSConfig{Alpn: []string{"coap"}}
	delete(c.Samples, "dtls.psk.identity")
	spectest.EveryField(t, c)
}

// named counts the numbers that have a name.
func named(name func(uint16) string) int {
	n := 0
	for id := range uint16(0xffff) {
		if !strings.HasPrefix(name(id), "0x") {
			n++
		}
	}
	return n
}

// namer and parser hide the types of other libraries.
func namer[N ~uint16](f func(N) string) func(uint16) string {
	return func(id uint16) string { return f(N(id)) }
}

func parser[N ~uint16](f func(string) (N, error)) func(string) (uint16, error) {
	return func(name string) (uint16, error) {
		id, err := f(name)
		return uint16(id), err
	}
}

// Each enum has the names and numbers of what dtlsx knows, and nothing else.
func TestEnums(t *testing.T) {
	for _, tt := range []struct {
		enum  protoreflect.EnumDescriptor
		parse func(string) (uint16, error)
		name  func(uint16) string
		known int
	}{
		{
			specv1.DTLSConfig_CipherSuite(0).Descriptor(), dtlsx.ParseCipherSuite, dtlsx.CipherSuiteName,
			len(dtlsx.CipherSuites()) + len(dtlsx.InsecureCipherSuites()),
		},
		{
			specv1.DTLSConfig_Curve(0).Descriptor(), parser(dtlsx.ParseCurve), namer(dtlsx.CurveName),
			named(namer(dtlsx.CurveName)),
		},
		{
			specv1.DTLSConfig_SRTPProfile(0).Descriptor(), parser(dtlsx.ParseSRTPProfile), namer(dtlsx.SRTPProfileName),
			named(namer(dtlsx.SRTPProfileName)),
		},
	} {
		values := tt.enum.Values()
		assert.Equal(t, tt.known, values.Len()-1, tt.enum.Name())
		for i := range values.Len() {
			v := values.Get(i)
			if v.Number() == 0 {
				continue
			}
			id, err := tt.parse(string(v.Name()))
			if assert.NoError(t, err, v.Name()) {
				assert.EqualValues(t, id, v.Number())
				assert.Equal(t, string(v.Name()), tt.name(id))
			}
		}
	}
}
