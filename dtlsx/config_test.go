package dtlsx_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

func key([]byte) ([]byte, error) { return []byte{1, 2, 3}, nil }

// Every field of tls.Config that this Go has is either carried over or refused.
func TestTLSFieldsKnown(t *testing.T) {
	c := reflect.TypeFor[tls.Config]()
	for f := range c.Fields() {
		if !f.IsExported() {
			continue
		}
		_, refused := dtlsx.Refused[f.Name]
		assert.True(t, dtlsx.Carried[f.Name] != refused, f.Name)
	}
}

// A field that does not carry over is an error that names it.
func TestTLSFieldsRefused(t *testing.T) {
	for name := range dtlsx.Refused {
		c := clientTLS()
		f := reflect.ValueOf(c).Elem().FieldByName(name)
		switch f.Kind() {
		case reflect.Func:
			f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		case reflect.Array:
			f.Index(0).SetUint(1)
		case reflect.Int:
			f.SetInt(1)
		case reflect.Interface:
			if name == "Rand" {
				f.Set(reflect.ValueOf(bytes.NewReader(nil)))
			} else {
				f.Set(reflect.ValueOf(tls.NewLRUClientSessionCache(1)))
			}
		default:
			t.Fatalf("%s is a %s", name, f.Kind())
		}
		for _, isClient := range []bool{true, false} {
			err := dtlsx.CheckConfig(&dtlsx.Config{TLS: c}, isClient)
			require.ErrorIs(t, err, errors.ErrUnsupported, name)
			assert.Contains(t, err.Error(), "TLS."+name)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	withTLS := func(change func(*tls.Config)) func(*dtlsx.Config) {
		return func(c *dtlsx.Config) { change(c.TLS) }
	}
	for field, test := range map[string]struct {
		change         func(*dtlsx.Config)
		client, server bool // whether it is wrong there
	}{
		"TLS=nil":             {func(c *dtlsx.Config) { c.TLS = nil }, true, true},
		"TLS.MinVersion":      {withTLS(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }), true, true},
		"TLS.MaxVersion":      {withTLS(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), true, true},
		"TLS.Certificates[1]": {withTLS(func(c *tls.Config) { c.Certificates = append(c.Certificates, tls.Certificate{}) }), true, true},
		"TLS: a server needs": {withTLS(func(c *tls.Config) { c.Certificates = nil }), false, true},
		"TLS.NextProtos[0]":   {withTLS(func(c *tls.Config) { c.NextProtos = []string{""} }), true, true},
		"TLS.ClientAuth":      {withTLS(func(c *tls.Config) { c.ClientAuth = 9 }), true, true},
		"TLS.CipherSuites[0]": {withTLS(func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_RSA_WITH_RC4_128_SHA} }), true, true},
		"TLS.CurvePreferences[0]": {withTLS(func(c *tls.Config) {
			c.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
		}), true, true},
		"PSK.Key":            {func(c *dtlsx.Config) { c.TLS, c.PSK = nil, &dtlsx.PSK{} }, true, true},
		"PSK.Hint":           {func(c *dtlsx.Config) { c.PSK = &dtlsx.PSK{Identity: []byte("x"), Key: key, Hint: []byte("h")} }, true, false},
		"PSK.Hint: has":      {func(c *dtlsx.Config) { c.PSK = &dtlsx.PSK{Key: key, Hint: make([]byte, 40000)} }, false, true},
		"PSK.Identity":       {func(c *dtlsx.Config) { c.PSK = &dtlsx.PSK{Key: key, Identity: []byte("x")} }, false, true},
		"PSK.Identity: has":  {func(c *dtlsx.Config) { c.TLS, c.PSK = nil, &dtlsx.PSK{Key: key} }, true, false},
		"TLS.Certificates: ": {func(c *dtlsx.Config) { c.PSK = &dtlsx.PSK{Identity: []byte("x"), Key: key} }, true, false},
		"CipherSuites[0]=0x1234": {func(c *dtlsx.Config) {
			c.CipherSuites = []uint16{0x1234}
		}, true, true},
		"is there twice": {func(c *dtlsx.Config) {
			c.CipherSuites = append(dtlsx.DefaultCipherSuites(false), dtlsx.CipherSuites()[0])
		}, true, true},
		"is insecure": {func(c *dtlsx.Config) { c.CipherSuites = dtlsx.InsecureCipherSuites()[:1] }, true, true},
		"needs PSK":   {func(c *dtlsx.Config) { c.CipherSuites = dtlsx.DefaultCipherSuites(true) }, true, true},
		"needs a certificate": {func(c *dtlsx.Config) {
			c.TLS, c.PSK, c.CipherSuites = nil, &dtlsx.PSK{Key: key}, dtlsx.DefaultCipherSuites(false)
		}, true, true},
		"Curves[0]=0x0019":          {func(c *dtlsx.Config) { c.Curves = []tls.CurveID{tls.CurveP521} }, true, true},
		"Curves[1]=x25519":          {func(c *dtlsx.Config) { c.Curves = []tls.CurveID{tls.X25519, tls.X25519} }, true, true},
		"ConnectionID=33":           {func(c *dtlsx.Config) { c.ConnectionID = 33 }, true, true},
		"ConnectionID=-2":           {func(c *dtlsx.Config) { c.ConnectionID = -2 }, true, true},
		"ExtendedMasterSecret":      {func(c *dtlsx.Config) { c.ExtendedMasterSecret = 3 }, true, true},
		"MTU=255":                   {func(c *dtlsx.Config) { c.MTU = 255 }, true, true},
		"ReplayWindow=1":            {func(c *dtlsx.Config) { c.ReplayWindow = 1 }, true, true},
		"SRTPProfiles[0]=0x0099":    {func(c *dtlsx.Config) { c.SRTPProfiles = []dtls.SRTPProtectionProfile{0x99} }, true, true},
		"SRTPProfiles[0]=SRTP_NULL": {func(c *dtlsx.Config) { c.SRTPProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_NULL_HMAC_SHA1_80} }, true, true},
		"KeyLog":                    {func(c *dtlsx.Config) { c.KeyLog, c.TLS.KeyLogWriter = new(bytes.Buffer), new(bytes.Buffer) }, true, true},
		"RetransmitInterval=1ms":    {func(c *dtlsx.Config) { c.RetransmitInterval = time.Millisecond }, true, true},
		"HandshakeTimeout=-1s":      {func(c *dtlsx.Config) { c.HandshakeTimeout = -time.Second }, true, true},
		"ReceiveQueue=1":            {func(c *dtlsx.Config) { c.ReceiveQueue = 1 }, true, false},
		"ReceiveQueue=-1":           {func(c *dtlsx.Config) { c.ReceiveQueue = -1 }, true, true},
	} {
		t.Run(field, func(t *testing.T) {
			for _, side := range []struct{ isClient, wrong bool }{{true, test.client}, {false, test.server}} {
				cfg := &dtlsx.Config{TLS: serverTLS(t)}
				require.NoError(t, dtlsx.CheckConfig(cfg, side.isClient))
				test.change(cfg)
				err := dtlsx.CheckConfig(cfg, side.isClient)
				if side.wrong {
					require.ErrorContains(t, err, field)
				} else if err != nil {
					assert.NotContains(t, err.Error(), field)
				}
			}
		})
	}
}

// All that is wrong comes at once, each as an *Error of its own.
func TestConfigErrorsJoined(t *testing.T) {
	_, err := dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{MTU: 1}, LocalAddr: "localhost:80", Timeout: -1,
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(true)},
	})
	for _, field := range []string{"TLS=nil", "MTU=1", "LocalAddr=localhost:80", "Timeout=-1ns", "Options="} {
		require.ErrorContains(t, err, field)
	}
	_, err = dtlsx.NewDialer(nil)
	require.ErrorContains(t, err, "there is no PSK either")
}

// The errors of a config come in one order, that of its fields.
func TestConfigErrorsInOrder(t *testing.T) {
	psk := &dtlsx.PSK{Identity: []byte("x"), Key: key}
	c := serverTLS(t)
	c.RootCAs, c.VerifyPeerCertificate = x509.NewCertPool(), func([][]byte, [][]*x509.Certificate) error { return nil }
	client := &dtlsx.Config{TLS: c, PSK: psk}
	listen := &dtlsx.ListenConfig{Address: ":0", Config: dtlsx.Config{TLS: serverTLS(t)}, MaxHandshakes: -1, MaxConnsPerSource: -1, MaxConns: -1}
	for want, check := range map[string]func() error{
		"TLS.Certificates TLS.RootCAs TLS.VerifyPeerCertificate": func() error { return dtlsx.CheckConfig(client, true) },
		"MaxHandshakes MaxConnsPerSource MaxConns":               listen.Check,
	} {
		for range 10 { // in which a map would have another order
			var fields []string
			for _, err := range check().(interface{ Unwrap() []error }).Unwrap() {
				var e *dtlsx.Error
				require.ErrorAs(t, err, &e)
				fields = append(fields, e.Field)
			}
			assert.Equal(t, want, strings.Join(fields, " "))
		}
	}
}

// Check says the same as the constructor, and changes nothing.
func TestDialConfigCheck(t *testing.T) {
	cfg := &dtlsx.DialConfig{Config: dtlsx.Config{MTU: 1}, Timeout: -1}
	_, err := dtlsx.NewDialer(cfg)
	require.Error(t, err)
	assert.EqualError(t, cfg.Check(), err.Error())
	assert.Equal(t, &dtlsx.DialConfig{Config: dtlsx.Config{MTU: 1}, Timeout: -1}, cfg)
	var none *dtlsx.DialConfig
	assert.ErrorContains(t, none.Check(), "there is no PSK either")
	cfg = &dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}}
	require.NoError(t, cfg.Check())
	assert.Zero(t, cfg.FallbackDelay)
}

// What was given stays as it was, and what is changed later has no effect.
func TestConfigNotChanged(t *testing.T) {
	c := clientTLS()
	pool := c.RootCAs
	cfg := &dtlsx.DialConfig{Config: dtlsx.Config{TLS: c, CipherSuites: dtlsx.DefaultCipherSuites(false)}}
	before := *cfg
	_, err := dtlsx.NewDialer(cfg)
	require.NoError(t, err)
	assert.Same(t, c, cfg.TLS)
	assert.Equal(t, &tls.Config{RootCAs: pool}, c)
	before.TLS, cfg.TLS = nil, nil
	assert.Equal(t, before, *cfg)
}

func TestNames(t *testing.T) {
	for _, id := range append(dtlsx.CipherSuites(), dtlsx.InsecureCipherSuites()...) {
		name := dtlsx.CipherSuiteName(id)
		assert.Regexp(t, "^TLS_[A-Z0-9_]+$", name, "as IANA writes it")
		parsed, err := dtlsx.ParseCipherSuite(name)
		require.NoError(t, err)
		assert.Equal(t, id, parsed)
	}
	for name, want := range map[string]tls.CurveID{"X25519": tls.X25519, "p-256": tls.CurveP256, "secp384r1": tls.CurveP384} {
		id, err := dtlsx.ParseCurve(name)
		require.NoError(t, err)
		assert.Equal(t, want, id)
	}
	p, err := dtlsx.ParseSRTPProfile("srtp_aead_aes_128_gcm")
	require.NoError(t, err)
	assert.Equal(t, "SRTP_AEAD_AES_128_GCM", dtlsx.SRTPProfileName(p))
	assert.Equal(t, "0x9999", dtlsx.SRTPProfileName(0x9999))
	assert.Equal(t, "0x0019", dtlsx.CurveName(tls.CurveP521))
	for _, err := range []error{
		second(dtlsx.ParseCipherSuite("TLS_NULL")), second(dtlsx.ParseCurve("secp521r1")), second(dtlsx.ParseSRTPProfile("x")),
	} {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Contains(t, err.Error(), "there are: ")
	}
	for e, want := range map[dtlsx.ExtendedMasterSecret]string{0: "require", 1: "request", 2: "disable", 3: "ExtendedMasterSecret(3)"} {
		assert.Equal(t, want, e.String())
	}
}

func second[T any](_ T, err error) error { return err }

// The library has exactly the suites of the table: nothing is missing when it
// gets a new one.
func TestSuitesOfTheLibrary(t *testing.T) {
	ours := append(dtlsx.CipherSuites(), dtlsx.InsecureCipherSuites()...)
	for _, s := range dtls.CipherSuites() {
		assert.Contains(t, ours, s.ID, s.Name)
	}
}

// A certificate whose key the library cannot use is refused before anybody dials.
func TestConfigKeys(t *testing.T) {
	good := serverTLS(t).Certificates[0]
	noKey := good
	noKey.PrivateKey = nil
	for name, cert := range map[string]tls.Certificate{"no key": noKey, "no chain": {PrivateKey: good.PrivateKey}} {
		err := dtlsx.CheckConfig(&dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: x509.NewCertPool()}}, false)
		require.ErrorContains(t, err, "TLS.Certificates[0]", name)
	}
}
