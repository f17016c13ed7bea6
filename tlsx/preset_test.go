package tlsx_test

import (
	"crypto/tls"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// noFile is what the system says of a file that does not exist.
var noFile = syscall.ENOENT.Error()

// errorsOf returns every *Error of a joined error as field=value: cause.
func errorsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		var e *tlsx.Error
		require.ErrorAs(t, err, &e)
		return []string{err.Error()}
	}
	var list []string
	for _, e := range many.Unwrap() {
		list = append(list, errorsOf(t, e)...)
	}
	return list
}

// refused checks that New refuses cfg for exactly these reasons: each error
// starts with the field and holds the word.
func refused(t *testing.T, cfg *tlsx.Config, want ...string) {
	t.Helper()
	_, err := tlsx.New(cfg)
	require.Error(t, err)
	got := errorsOf(t, err)
	if !assert.Len(t, got, len(want), strings.Join(got, "\n")) {
		return
	}
	for i, w := range want {
		field, word, _ := strings.Cut(w, "|")
		assert.Contains(t, got[i], ": "+field)
		assert.Contains(t, got[i], word)
	}
}

func TestVersionsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  tlsx.Config
		want []string
	}{
		"unknown":       {tlsx.Config{MinVersion: 1, MaxVersion: 0x0305}, []string{"MinVersion=0x0001: |TLS 1.2", "MaxVersion=0x0305: |TLS 1.3"}},
		"weak":          {tlsx.Config{MinVersion: tls.VersionTLS11}, []string{"MinVersion=TLS 1.1: |AllowWeak"}},
		"weak above":    {tlsx.Config{MaxVersion: tls.VersionTLS10}, []string{"MaxVersion=TLS 1.0: |AllowWeak"}},
		"crossed":       {tlsx.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}, []string{"MinVersion=TLS 1.3: |above MaxVersion, TLS 1.2"}},
		"crossed weak":  {tlsx.Config{MaxVersion: tls.VersionTLS11, AllowWeak: true}, []string{"MaxVersion=TLS 1.1: |Preset default, TLS 1.2"}},
		"below modern":  {tlsx.Config{MaxVersion: tls.VersionTLS12, Preset: tlsx.Modern}, []string{"MaxVersion=TLS 1.2: |Preset modern, TLS 1.3"}},
		"no preset":     {tlsx.Config{Preset: 9}, []string{"Preset=Preset(9): |intermediate"}},
		"no policy":     {tlsx.Config{UnknownName: 9}, []string{"UnknownName=UnknownName(9): |refuse"}},
		"all that is":   {tlsx.Config{MinVersion: 1, Preset: 9, Curves: []tls.CurveID{1}}, []string{"Preset", "MinVersion", "Curves[0]=0x0001"}},
		"nothing there": {tlsx.Config{UnknownName: tlsx.RefuseUnknown}, []string{"UnknownName=refuse: |Certificates"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, &c.cfg, c.want...) })
	}
}

func TestSuitesRefused(t *testing.T) {
	good, weak := tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA
	suites := func(ids ...uint16) tlsx.Config { return tlsx.Config{CipherSuites: ids} }
	newest, both, oldest := suites(good), suites(good), suites(good)
	newest.MinVersion = tls.VersionTLS13
	both.Preset = tlsx.Modern
	oldest.MinVersion, oldest.AllowWeak = tls.VersionTLS10, true
	for name, c := range map[string]struct {
		cfg  tlsx.Config
		want []string
	}{
		"unknown":     {suites(0x1234, good), []string{"CipherSuites[0]=0x1234: |TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}},
		"twice":       {suites(good, good), []string{"CipherSuites[1]=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: |twice"}},
		"weak":        {suites(weak), []string{"CipherSuites[0]=TLS_RSA_WITH_AES_128_CBC_SHA: |AllowWeak"}},
		"of 1.3":      {suites(tls.TLS_AES_128_GCM_SHA256), []string{"CipherSuites[0]=TLS_AES_128_GCM_SHA256: |cannot be chosen"}},
		"only 1.3":    {newest, []string{"CipherSuites: |has no use"}},
		"modern":      {both, []string{"CipherSuites: |has no use"}},
		"no old ones": {oldest, []string{"CipherSuites: |none for TLS 1.0", "CipherSuites: |none for TLS 1.1"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, &c.cfg, c.want...) })
	}
}

func TestCurvesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  tlsx.Config
		want []string
	}{
		"unknown":     {tlsx.Config{Curves: []tls.CurveID{30}}, []string{"Curves[0]=0x001E: |SecP384r1MLKEM1024"}},
		"twice":       {tlsx.Config{Curves: []tls.CurveID{tls.X25519, tls.X25519}}, []string{"Curves[1]=x25519: |twice"}},
		"not for 1.2": {tlsx.Config{MaxVersion: tls.VersionTLS12, Curves: []tls.CurveID{tls.X25519MLKEM768, tls.X25519}}, []string{"Curves[0]=X25519MLKEM768: |MaxVersion is TLS 1.2"}},
		"none of 1.2": {tlsx.Config{Curves: []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768}}, []string{"Curves: |set MinVersion"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, &c.cfg, c.want...) })
	}
}

// crypto/tls drops a curve that GODEBUG takes away, without a word.
func TestCurveSwitchedOff(t *testing.T) {
	cfg := &tlsx.Config{Curves: []tls.CurveID{tls.X25519, tls.X25519MLKEM768, tls.SecP384r1MLKEM1024}}
	_, err := tlsx.New(cfg)
	require.NoError(t, err)
	t.Setenv("GODEBUG", "tlsmlkem=1,tlssecpmlkem=0#x")
	refused(t, cfg, "Curves[2]=SecP384r1MLKEM1024: |GODEBUG=tlssecpmlkem=0")
	t.Setenv("GODEBUG", "tlsmlkem=0")
	refused(t, cfg, "Curves[1]=X25519MLKEM768: |GODEBUG=tlsmlkem=0", "Curves[2]=SecP384r1MLKEM1024: |GODEBUG=tlsmlkem=0")
}

// A program can be built with such a setting, too.
func TestBuildSetting(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "GOOS", Value: "x"}, {Key: "DefaultGODEBUG", Value: "tlsmlkem=0"}}}
	assert.Equal(t, "tlsmlkem=0", tlsx.BuildSetting(info, "DefaultGODEBUG"))
	assert.Empty(t, tlsx.BuildSetting(info, "CGO_ENABLED"))
	assert.Empty(t, tlsx.BuildSetting(nil, "GOOS"))
}

func TestPresets(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    tlsx.Config
		min    uint16
		suites int
		curves []tls.CurveID
	}{
		"default":      {cfg: tlsx.Config{}, min: tls.VersionTLS12},
		"modern":       {tlsx.Config{Preset: tlsx.Modern}, tls.VersionTLS13, 0, []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}},
		"intermediate": {tlsx.Config{Preset: tlsx.Intermediate}, tls.VersionTLS12, 6, []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}},
		"overridden":   {tlsx.Config{Preset: tlsx.Modern, MinVersion: tls.VersionTLS12, Curves: []tls.CurveID{tls.CurveP521}}, tls.VersionTLS12, 6, []tls.CurveID{tls.CurveP521}},
		"raised": {
			tlsx.Config{Preset: tlsx.Intermediate, MinVersion: tls.VersionTLS13, Curves: []tls.CurveID{tls.SecP256r1MLKEM768}},
			tls.VersionTLS13, 0, []tls.CurveID{tls.SecP256r1MLKEM768},
		},
		"weak": {
			tlsx.Config{MinVersion: tls.VersionTLS10, AllowWeak: true, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
			tls.VersionTLS10, 1, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tlsx.New(&c.cfg)
			require.NoError(t, err)
			assert.Equal(t, c.min, got.MinVersion)
			assert.Equal(t, c.cfg.MaxVersion, got.MaxVersion)
			assert.Len(t, got.CipherSuites, c.suites)
			assert.Equal(t, c.curves, got.CurvePreferences)
		})
	}
}

// A config's lists are its own.
func TestListsAreCopies(t *testing.T) {
	one, err := tlsx.New(&tlsx.Config{Preset: tlsx.Intermediate})
	require.NoError(t, err)
	one.CipherSuites[0], one.CurvePreferences[0] = 0, 0
	two, err := tlsx.New(&tlsx.Config{Preset: tlsx.Intermediate})
	require.NoError(t, err)
	assert.NotZero(t, two.CipherSuites[0])
	assert.NotZero(t, two.CurvePreferences[0])

	cfg := &tlsx.Config{ALPN: []string{"h2"}, ServerName: "example.com."}
	three, err := tlsx.New(cfg)
	require.NoError(t, err)
	cfg.ALPN[0] = "x"
	assert.Equal(t, []string{"h2"}, three.NextProtos)
	assert.Equal(t, "example.com", three.ServerName)
	assert.Equal(t, "example.com.", cfg.ServerName, "a caller's value stays")
}

func TestNilConfig(t *testing.T) {
	got, err := tlsx.New(nil)
	require.NoError(t, err)
	assert.Nil(t, got.RootCAs, "the system's")
	assert.Empty(t, got.Certificates)
	assert.Nil(t, got.GetCertificate)
}
