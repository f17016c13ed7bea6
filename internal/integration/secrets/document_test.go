package secrets_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/netspec"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/spec/xquicspec"
)

// variable and its namesakes are where canaries come from the environment.
const variable = "STRATA_TEST_SECRET"

// A builder returns what it made of a message, nothing opened.
type builder func(ctx context.Context, m proto.Message) (any, error)

func of[M proto.Message, C any](build func(context.Context, M) (C, error)) builder {
	return func(ctx context.Context, m proto.Message) (any, error) { return build(ctx, m.(M)) }
}

// builders are those of all messages that have secrets.
var builders = map[protoreflect.FullName]builder{
	"TLSConfig":              of(func(_ context.Context, m *specv1.TLSConfig) (any, error) { return tlsspec.TLSXConfig(m) }),
	"DialConfig":             of(netspec.DialConfig),
	"ListenConfig":           of(netspec.ListenConfig),
	"HTTPTransportConfig":    of(httpspec.TransportConfig),
	"HTTPPoolConfig":         of(httpspec.PoolConfig),
	"HTTPServerConfig":       of(server),
	"HTTPConnectConfig":      of(httpspec.ConnectConfig),
	"HTTPReverseProxyConfig": of(httpspec.ReverseProxyConfig),
	"HTTP2TransportConfig":   of(httpspec.HTTP2Config),
	"HTTP3TransportConfig":   of(quicspec.HTTP3Config),
	"HTTP3ServerConfig":      of(quicspec.HTTP3ServerConfig),
	"QUICDialConfig":         of(quicspec.DialConfig),
	"QUICListenConfig":       of(quicspec.ListenConfig),
	"XQUICDialConfig":        of(xquicspec.DialConfig),
	"XQUICListenConfig":      of(xquicspec.ListenConfig),
	"DTLSDialConfig":         of(dtlsspec.DialConfig),
	"DTLSListenConfig":       of(dtlsspec.ListenConfig),
}

func server(ctx context.Context, m *specv1.HTTPServerConfig) (any, error) {
	cfg, listeners, err := httpspec.ServerConfig(ctx, m)
	if cfg != nil {
		cfg.Handler = http.NotFoundHandler()
	}
	return []any{cfg, listeners}, err
}

// values are what stands where a secret is due: none is right everywhere, so
// that each slot fails with some and is read with others.
func values(t *testing.T) []value {
	t.Helper()
	pem := "-----BEGIN PRIVATE KEY-----\n" + canary + "\n-----END PRIVATE KEY-----\n"
	user := url.UserPassword("user", canary).String()
	texts := map[string]string{
		"bare": canary, "PEM": pem, "half a PEM": pem[:len(pem)-9], "two lines": canary + "\n" + canary,
		"base64": base64.StdEncoding.EncodeToString([]byte(canary)),
		"hex":    hex.EncodeToString([]byte(canary)),
		"key":    hex.EncodeToString([]byte(canary + "1234")),
		"table":  "client:" + hex.EncodeToString([]byte(canary)) + "\nother:" + canary,
		"proxy":  "http://" + user + "@127.0.0.1:1", "proxy with a path": "http://" + user + "@proxy/x",
		"proxy without a host": "socks5://" + user + "@", "proxy with a bad port": "https://" + user + "@proxy:99999",
		"proxy cut at a slash": "http://user:" + canary[:6] + "/" + canary[6:] + "@proxy", "user alone": user + "@proxy:1",
		"no such scheme": "gopher://" + user + "@proxy", "bad escape": "http://user:" + canary + "@proxy",
	}
	var list []value
	for name, text := range texts {
		file := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		env := variable + "_" + strings.ToUpper(hex.EncodeToString([]byte(name)))
		t.Setenv(env, text)
		list = append(list, value{name, "text", text}, value{name + " in a file", "file", file}, value{name + " in a variable", "env", env})
	}
	return list
}

// No secret of a message is in what is said of it, whatever is wrong with it,
// and neither in the config that it becomes.
func TestMessages(t *testing.T) {
	every(t, func(t *testing.T, build builder, m proto.Message, s slot, v value) {
		cfg, err := build(ended(t), m)
		assertHidden(t, err, s, v.name)
		if err == nil && !s.isURL() {
			assertHidden(t, cfg, s, v.name, "config")
		}
	})
}

// Nor is it in what is said of a document: of one with other faults, with the
// secret where something else is due, or cut in the middle of it.
func TestDocuments(t *testing.T) {
	every(t, func(t *testing.T, build builder, m proto.Message, s slot, v value) {
		if v.field != "text" {
			return
		}
		for _, form := range []document.Format{document.YAML, document.JSON} {
			for name, text := range broken(t, m, v, form) {
				var found error
				_, err := document.Unmarshal("x", []byte(text), m.ProtoReflect().New().Interface(), &document.Options{
					Format: form, Env: os.LookupEnv,
					Check: func(m proto.Message) error { _, found = build(ended(t), m); return found },
				})
				assertHidden(t, err, s, v.name, form, name)
				assertHidden(t, found, s, v.name, form, name)
			}
		}
	})
}

// broken returns a document of a message and what can go wrong with it.
func broken(t *testing.T, m proto.Message, v value, form document.Format) map[string]string {
	t.Helper()
	text, err := document.Marshal(m, form)
	require.NoError(t, err)
	whole := string(text)
	list := map[string]string{"as it is": whole}
	quoted, err := json.Marshal(v.text)
	require.NoError(t, err)
	if form == document.YAML {
		list["unknown field"] = whole + "nonsense: 1\n"
	} else {
		list["unknown field"] = strings.Replace(whole, "{", `{"nonsense": 1, `, 1)
		list["a list"] = strings.ReplaceAll(whole, string(quoted), "["+string(quoted)+"]")
		list["an object"] = strings.ReplaceAll(whole, string(quoted), `{"x": `+string(quoted)+"}")
		list["twice"] = strings.ReplaceAll(whole, string(quoted), string(quoted)+`, "text": `+string(quoted))
		list["text of a variable"] = strings.ReplaceAll(whole, string(quoted), `"${`+variable+`_62617265} "`)
	}
	if i := strings.Index(whole, canary[:6]); i > 0 {
		list["cut"] = whole[:i+6]
		list["cut at the end"] = whole[:min(len(whole), i+len(v.text))]
	}
	return list
}

// every calls do for each secret of each message with each value, alone and
// beside other faults.
func every(t *testing.T, do func(*testing.T, builder, proto.Message, slot, value)) {
	all := values(t)
	for name, build := range builders {
		m := message(t, name)
		t.Run(string(name), func(t *testing.T) {
			slots := slotsOf(m.ProtoReflect().Descriptor(), nil)
			require.NotEmpty(t, slots)
			for _, s := range slots {
				for _, v := range all {
					if !s.takes(v) {
						continue
					}
					do(t, build, filled(m, s, v, false), s, v)
					do(t, build, filled(m, s, v, true), s, v)
				}
			}
		})
	}
}

// takes reports whether the value is tried there: all kinds of text where a text
// is due, all but URLs where a DataSource is, and two inside of the TLS of
// another message, since all builders have the same for it.
func (s slot) takes(v value) bool {
	isURL := strings.Contains(v.text, "@")
	switch {
	case marked(s[len(s)-1]):
		return v.field == "text"
	case isURL:
		return false
	case len(s) > 2 && slices.ContainsFunc(s[1:], func(fd protoreflect.FieldDescriptor) bool { return fd.ContainingMessage().Name() == "TLSConfig" }):
		return v.name == "bare" || v.name == "PEM in a file"
	}
	return true
}

// ended is a context that has ended: what is built follows no file.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// Each message with a secret has a builder here, or is a part of one that has.
func TestNoMessageIsForgotten(t *testing.T) {
	parts := map[protoreflect.FullName]bool{}
	for name := range builders {
		parts[message(t, name).ProtoReflect().Descriptor().FullName()] = true
		for _, s := range slotsOf(message(t, name).ProtoReflect().Descriptor(), nil) {
			for _, fd := range s {
				parts[fd.ContainingMessage().FullName()] = true
			}
		}
	}
	eachMessage(func(d protoreflect.MessageDescriptor) {
		if strings.Contains(string(d.FullName()), "Gateway") || d.FullName() == dataSource {
			return // package examples/gateway has a test of its own; a DataSource is a slot itself
		}
		if len(slotsOf(d, nil)) > 0 {
			assert.Contains(t, parts, d.FullName())
		}
	})
}

// What sounds like a secret is marked as one in the schema, or known to be none.
func TestSecretsAreMarked(t *testing.T) {
	public := map[protoreflect.FullName]string{
		"strata.v1.TLSConfig.key_log_file":        "the name of a file",
		"strata.v1.DTLSConfig.key_log_file":       "the name of a file",
		"strata.v1.GatewayListener.DTLS.psk_hint": "sent in the clear (RFC 4279)",
	}
	words := []string{"password", "secret", "key", "token", "psk", "credential", "proxy_url", "connect_header", "user"}
	eachMessage(func(d protoreflect.MessageDescriptor) {
		for i := range d.Fields().Len() {
			fd := d.Fields().Get(i)
			kind := fd.Kind()
			if fd.IsMap() {
				kind = fd.MapValue().Kind()
			}
			if marked(fd) || (kind != protoreflect.StringKind && kind != protoreflect.BytesKind) {
				continue
			}
			for _, word := range words {
				if strings.Contains(string(fd.Name()), word) {
					assert.Contains(t, public, fd.FullName(), "a text that is neither marked debug_redact nor listed as public")
				}
			}
		}
	})
}

// eachMessage calls f for all messages of the schema, nested ones too.
func eachMessage(f func(protoreflect.MessageDescriptor)) {
	for _, file := range []protoreflect.FileDescriptor{
		specv1.File_strata_v1_net_proto, specv1.File_strata_v1_tls_proto, specv1.File_strata_v1_http_proto,
		specv1.File_strata_v1_quic_proto, specv1.File_strata_v1_dtls_proto, specv1.File_strata_v1_gateway_proto,
		specv1.File_strata_v1_topology_proto,
	} {
		nested(file.Messages(), f)
	}
}

func nested(list protoreflect.MessageDescriptors, f func(protoreflect.MessageDescriptor)) {
	for i := range list.Len() {
		if d := list.Get(i); !d.IsMapEntry() {
			f(d)
			nested(d.Messages(), f)
		}
	}
}

// message returns an empty message by its name.
func message(t *testing.T, name protoreflect.FullName) proto.Message {
	t.Helper()
	mt, err := findMessage("strata.v1." + name)
	require.NoError(t, err)
	return mt.New().Interface()
}
