package document_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func TestLoad(t *testing.T) {
	want := &specv1.DialConfig{LocalAddr: new("a")}
	for _, end := range []string{".yaml", ".yml", ".YAML", ".json", ".txtpb", ".textproto", ".binpb", ".pb"} {
		name := filepath.Join(t.TempDir(), "x"+end)
		f := map[string]document.Format{".json": document.JSON, ".txtpb": document.Text, ".textproto": document.Text, ".binpb": document.Binary, ".pb": document.Binary}[end]
		data, err := document.Marshal(want, f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, data, 0o600))
		var got specv1.DialConfig
		_, err = document.Load(name, &got, nil)
		require.NoError(t, err, end)
		assert.True(t, proto.Equal(want, &got), end)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.yaml")
	_, err := document.Load(missing, &specv1.DialConfig{}, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Len(t, spec.Errors(err), 1)
	assert.Equal(t, missing, spec.Errors(err)[0].File)

	_, err = document.Load(dir, &specv1.DialConfig{}, nil)
	require.Error(t, err)

	// A file of 1 GiB that takes no room on the disk.
	large := filepath.Join(dir, "large.yaml")
	require.NoError(t, os.WriteFile(large, nil, 0o600))
	require.NoError(t, os.Truncate(large, 1<<30))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = document.Load(large, &specv1.DialConfig{}, nil)
	runtime.ReadMemStats(&after)
	require.EqualError(t, err, large+": longer than 4194304 bytes")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "little more than that was read")

	odd := filepath.Join(dir, "x.conf")
	require.NoError(t, os.WriteFile(odd, []byte("{}"), 0o600))
	_, err = document.Load(odd, &specv1.DialConfig{}, nil)
	require.EqualError(t, err, odd+": its name says no format: want .yaml, .yml, .json, .txtpb, .textproto, .binpb or .pb")
	_, err = document.Load(odd, &specv1.DialConfig{}, &document.Options{Format: document.YAML})
	require.NoError(t, err)

	_, err = document.Load(odd, &specv1.DialConfig{}, &document.Options{MaxDepth: -1})
	require.EqualError(t, err, "document: MaxDepth: -1: negative")
	_, err = document.Load(odd, nil, &document.Options{Format: document.YAML})
	require.EqualError(t, err, "document: no message to read into")
	_, err = document.Unmarshal("", []byte("{}"), (*specv1.DialConfig)(nil), nil)
	require.EqualError(t, err, "document: no message to read into")
}

// What fails changes nothing, what succeeds replaces all.
func TestReplaces(t *testing.T) {
	old := &specv1.DialConfig{LocalAddr: new("old"), Tls: &specv1.TLSConfig{Insecure: new(true)}}
	for _, f := range []document.Format{document.YAML, document.JSON, document.Text, document.Binary} {
		m := proto.CloneOf(old)
		_, err := document.Unmarshal("", []byte("{]"), m, &document.Options{Format: f})
		require.Error(t, err)
		assert.True(t, proto.Equal(old, m), "%v", f)
	}
	m := proto.CloneOf(old)
	_, err := document.Unmarshal("", []byte("timeout: 1s"), m, nil)
	require.NoError(t, err)
	assert.Nil(t, m.LocalAddr)
	assert.Nil(t, m.GetTls())
}

// Unset, false, 0 and empty are four things.
func TestPresence(t *testing.T) {
	var m specv1.TLSConfig
	_, err := document.Unmarshal("", []byte("\ufeffinsecure: false\nsessions: 0\nserverName: \"\"\nmin_version: 1.10\nmax_version: null\nroots: {}\nech: ~\nalpn: []\n"), &m, nil)
	require.NoError(t, err)
	want := &specv1.TLSConfig{
		Insecure: new(false), Sessions: new(int64(0)), ServerName: new(""), MinVersion: new("1.10"), Roots: &specv1.TLSConfig_CAs{},
	}
	assert.True(t, proto.Equal(want, &m), "%v", &m)
}

func TestScalars(t *testing.T) {
	for in, want := range map[string]int64{"0x1F": 31, "0o17": 15, "+5": 5, "1e3": 1000, "2.0": 2, `"7"`: 7, "-0": 0, "!!int 3": 3, "100e-2": 1} {
		var m specv1.TLSConfig
		_, err := document.Unmarshal("", []byte("sessions: "+in), &m, nil)
		require.NoError(t, err, in)
		assert.Equal(t, want, m.GetSessions(), in)
	}
	for in, want := range map[string]time.Duration{"1h30m": 90 * time.Minute, "1.5s": 1500 * time.Millisecond, "250ms": 250 * time.Millisecond, "-1m0.5s": -60*time.Second - 500*time.Millisecond, "3µs": 3 * time.Microsecond, ".5s": time.Second / 2} {
		var m specv1.DialConfig
		_, err := document.Unmarshal("", []byte("timeout: "+in), &m, nil)
		require.NoError(t, err, in)
		assert.Equal(t, want, m.GetTimeout().AsDuration(), in)
	}
	for in, want := range map[string]any{
		"yes": "yes", "True": true, "0x10": 16.0, "!!str 5": "5", "'5'": "5", "1_000": "1_000", "null": nil, "-.5": -0.5, "0xFFFFFFFFFFFFFFFF": "18446744073709551615", "12:30": "12:30", "+9007199254740993": "9007199254740993",
	} {
		var m specv1.DialConfig
		_, err := document.Unmarshal("", []byte("options: {X: "+in+"}"), &m, nil)
		require.NoError(t, err, in)
		assert.Equal(t, want, m.GetOptions()["X"].AsInterface(), in)
	}
}

// A file of /dev/zero's kind has no end; /proc has files whose size is 0.
func TestLoadLimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("#", 100)), 0o600))
	_, err := document.Load(name, &specv1.DialConfig{}, &document.Options{MaxBytes: 99})
	require.EqualError(t, err, name+": longer than 99 bytes")
}
