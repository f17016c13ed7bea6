package guides

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/netspec"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/spec/virtspec"
)

// A form is a message, and what makes a config of it.
type form struct {
	message proto.Message
	check   func(ctx context.Context, m proto.Message) error // nil: only a program can tell
}

func mapped[M proto.Message, C any](mapper func(context.Context, M) (C, error)) form {
	var m M
	return form{m.ProtoReflect().New().Interface(), func(ctx context.Context, m proto.Message) error {
		_, err := mapper(ctx, m.(M))
		return err
	}}
}

// forms are the messages that the first line of a document names, as editors read it.
var forms = map[string]form{
	"Gateway":        {message: &specv1.Gateway{}}, // examples/gateway
	"DialConfig":     mapped(netspec.DialConfig),
	"ListenConfig":   mapped(netspec.ListenConfig),
	"UDPBatchConfig": mapped(netspec.UDPBatchConfig),
	"TLSConfig": mapped(func(_ context.Context, m *specv1.TLSConfig) (any, error) {
		return tlsspec.TLSXConfig(m)
	}),
	"HTTPServerConfig": mapped(func(ctx context.Context, m *specv1.HTTPServerConfig) (any, error) {
		c, _, err := httpspec.ServerConfig(ctx, m)
		return c, err
	}),
	"HTTPTransportConfig": mapped(httpspec.TransportConfig),
	"HTTP3ServerConfig":   mapped(quicspec.HTTP3ServerConfig),
	"QUICDialConfig":      mapped(quicspec.DialConfig),
	"QUICListenConfig":    mapped(quicspec.ListenConfig),
	"DTLSDialConfig":      mapped(dtlsspec.DialConfig),
	"DTLSListenConfig":    mapped(dtlsspec.ListenConfig),
	"VirtualNetwork":      mapped(virtspec.VirtualNetworkConfig),
}

// Each YAML block of a guide is part of a document in a folder of this one, and
// each such document is right, down to what its builder checks, or is given to a
// program that a guide runs.
func TestDocuments(t *testing.T) {
	var commands []string
	var shown []block
	for _, page := range guides(t) {
		list := blocks(t, page)
		commands = append(commands, of("sh", list)...)
		for _, b := range list {
			if b.kind == "yaml" {
				b.text = "\n" + b.text
				shown = append(shown, b)
				assert.True(t, slices.ContainsFunc(glob(t, "*/*.yaml"), func(name string) bool { return strings.Contains(read(t, name), b.text) }),
					"%s:%d: in no document below examples/guides:\n%s", page, b.line, b.text)
			}
		}
	}
	for _, name := range glob(t, "*/*.yaml") {
		text := read(t, name)
		assert.True(t, slices.ContainsFunc(shown, func(b block) bool { return strings.Contains(text, b.text) }), "%s: no guide shows it", name)
		used := strings.Contains(strings.Join(commands, "\n"), "examples/guides/"+filepath.ToSlash(name))
		assert.NoError(t, checkDocument(t.Context(), name, used))
	}
}

var schema = regexp.MustCompile(`\A# yaml-language-server: \$schema=(\S+/(\w+)\.json)\n`)

var (
	errNoSchema = errors.New("the first line does not name its schema")
	errNobody   = errors.New("nobody checks it: no row in forms, or no command that runs it")
)

// checkDocument reads a document, and gives it to its builder, unless a program
// does that in a guide: files that the document names may be there only then.
func checkDocument(ctx context.Context, name string, used bool) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	first := schema.FindSubmatch(text)
	if first == nil {
		return &os.PathError{Op: "read", Path: name, Err: errNoSchema}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(name), string(first[1]))); err != nil {
		return err
	}
	form, ok := forms[string(first[2])]
	if !ok || form.check == nil && !used {
		return &os.PathError{Op: "check", Path: name, Err: errNobody}
	}
	ctx, stop := context.WithCancel(ctx) // ends the following of files
	defer stop()
	options := &document.Options{Env: os.LookupEnv}
	if used {
		options.Env = func(string) (string, bool) { return "x", true } // set by the guide's commands
	} else {
		options.Check = func(m proto.Message) error { return form.check(ctx, m) }
	}
	_, err = document.Load(name, proto.CloneOf(form.message), options)
	return err
}

func TestCheckDocument(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.yaml")
	schema, err := filepath.Abs(root + "/spec/schema")
	require.NoError(t, err)
	schema, err = filepath.Rel(filepath.Dir(name), schema)
	require.NoError(t, err)
	first := "# yaml-language-server: $schema=" + filepath.ToSlash(schema)
	for text, want := range map[string]string{
		first + "/ListenConfig.json\naddress: 127.0.0.1:0\n":                  "",
		first + "/ListenConfig.json\nmax_cons: 1\n":                           "unknown field",
		first + "/ListenConfig.json\naddress: 127.0.0.1:0\nmax_conns: -1\n":   "max_conns",
		first + "/ListenConfg.json\naddress: 127.0.0.1:0\n":                   "no such file",
		first + "/Gateway.json\nlisteners: []\n":                              errNobody.Error(),
		first + "/RetryConfig.json\n":                                         "no such file",
		"address: 127.0.0.1:0\n":                                              errNoSchema.Error(),
		"\n" + first + "/ListenConfig.json\naddress: 127.0.0.1:0\n":           errNoSchema.Error(),
		first + "/ListenConfig.json\ntls: {certificates: [{chain: {}}]}\n":    "tls.certificates",
		first + "/ListenConfig.json\noptions: {TCP_KEEPIDLE: 0s}\n":           "TCP_KEEPIDLE",
		first + "/VirtualNetwork.json\nkind: simnet\n":                        "kind",
		first + "/DialConfig.json\ntimeout: 5s\noptions: {SO_RCVBUF: many}\n": "SO_RCVBUF",
	} {
		write(t, name, text)
		err := checkDocument(t.Context(), name, false)
		if want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, want, text)
		}
	}
}
