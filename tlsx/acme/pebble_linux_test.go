package acme_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/acme"
)

func TestTLSALPN01(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{env: []string{"PEBBLE_WFE_NONCEREJECT=20"}})
	m, e := newManager(t, a.config(t, "a.example.com", "B.example.com."))
	serveTLS(t, a.tls, m.TLSConfig(nil))
	_, err := presented(a.tls, "a.example.com")
	require.Error(t, err, "before there is one")
	run(t, m)
	wait(t, m)
	for _, host := range []string{"a.example.com", "b.example.com"} {
		leaf, err := presented(a.tls, host)
		require.NoError(t, err)
		assert.Equal(t, []string{host}, leaf.DNSNames)
	}
	eventually(t, "two events", func() bool { return len(e.all()) == 2 })
	for _, event := range e.all() {
		assert.NoError(t, event.Err)
		assert.WithinDuration(t, time.Now().Add(90*24*time.Hour), event.NotAfter, time.Hour)
		assert.WithinDuration(t, time.Now(), event.Time, patience)
	}
	// A stranger's name costs nothing.
	_, err = presented(a.tls, "c.example.com")
	require.Error(t, err)
	assert.Len(t, e.all(), 2)
}

func TestHTTP01(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	cfg := a.config(t, "a.example.com")
	cfg.Challenge = acme.HTTP01
	m, _ := newManager(t, cfg)
	serveHTTP(t, a.http, m.HTTPHandler(nil))
	serveTLS(t, a.tls, m.TLSConfig(nil))
	run(t, m)
	wait(t, m)
	_, err := presented(a.tls, "a.example.com")
	require.NoError(t, err)
	response, err := http.Get("http://" + a.http.Addr().String() + "/.well-known/acme-challenge/gone")
	require.NoError(t, err)
	response.Body.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
}

// Certificates of a few seconds are renewed while they are presented.
func TestRenewal(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{life: 16 * time.Second})
	cfg := a.config(t, "a.example.com")
	cfg.RenewBefore = time.Hour // longer than it lives: half of its life counts
	m, e := newManager(t, cfg)
	serveTLS(t, a.tls, m.TLSConfig(nil))
	stop := run(t, m)
	wait(t, m)
	first, err := presented(a.tls, "a.example.com")
	require.NoError(t, err)
	eventually(t, "another certificate", func() bool {
		leaf, err := presented(a.tls, "a.example.com")
		return err == nil && leaf.SerialNumber.Cmp(first.SerialNumber) != 0
	})
	stop()
	list := e.all()
	require.GreaterOrEqual(t, len(list), 2)
	assert.Greater(t, list[1].Time.Sub(list[0].Time), 2*time.Second, "not at once: %v", list)
}

// What the cache has needs no CA.
func TestCache(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	cfg := a.config(t, "a.example.com")
	m, _ := newManager(t, cfg)
	late, told := newManager(t, cfg)
	serve := &handler{}
	serveTLS(t, a.tls, serve.config())
	serve.set(m.GetCertificate)
	stop := run(t, m)
	wait(t, m)
	stop()
	before, err := presented(a.tls, "a.example.com")
	require.NoError(t, err)

	// What another process got meanwhile is taken.
	stop = run(t, late)
	wait(t, late)
	stop()
	assert.NoError(t, told.all()[0].Err)
	serve.set(late.GetCertificate)
	shared, err := presented(a.tls, "a.example.com")
	require.NoError(t, err)
	assert.Equal(t, before.SerialNumber, shared.SerialNumber)

	again, e := newManager(t, cfg)
	require.NoError(t, again.Wait(t.Context()), "it is there at once")
	l := listen(t)
	serveTLS(t, l, again.TLSConfig(nil))
	after, err := presented(l, "a.example.com")
	require.NoError(t, err)
	assert.Equal(t, before.SerialNumber, after.SerialNumber)
	run(t, again)()
	assert.Empty(t, e.all())
	checkModes(t, cfg.Cache)

	// Another directory's certificates are not taken.
	other := *cfg
	other.Directory = acme.LetsEncryptStaging
	staging, _ := newManager(t, &other)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, staging.Wait(gone), context.Canceled)

	// The account's key stays: the CA finds the account again.
	two := *cfg
	two.Hosts = []string{"a.example.com", "b.example.com"}
	more, _ := newManager(t, &two)
	serve.set(more.GetCertificate)
	run(t, more)
	wait(t, more)
}

// What is broken in the cache is told, and ordered anew.
func TestBrokenCache(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	cfg := a.config(t, "a.example.com")
	_, err := acme.New(cfg)
	require.NoError(t, err)
	dirs, err := filepath.Glob(filepath.Join(cfg.Cache, "*"))
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dirs[0], "a.example.com.pem"), []byte("x"), 0o600))
	m, e := newManager(t, cfg)
	serveTLS(t, a.tls, m.TLSConfig(&tls.Config{MinVersion: tls.VersionTLS12})) // without protocols
	run(t, m)
	wait(t, m)
	require.ErrorContains(t, e.all()[0].Err, "acme: cache: host=a.example.com: parse "+filepath.Join(dirs[0], "a.example.com.pem"))

	for _, text := range []string{"x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ed25519Key} {
		require.NoError(t, os.WriteFile(filepath.Join(dirs[0], "account.key"), []byte(text), 0o600))
		_, err = acme.New(cfg)
		assert.ErrorContains(t, err, "acme: cache: Cache="+cfg.Cache+": parse "+filepath.Join(dirs[0], "account.key"))
	}
}

const ed25519Key = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
`

// What cannot be kept is presented all the same.
func TestCacheThatCannotBeWritten(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	serve := &handler{}
	serveTLS(t, a.tls, serve.config())
	for name, spoil := range map[string]func(dir string) error{
		"gone":   os.RemoveAll,
		"in use": func(dir string) error { return os.Mkdir(filepath.Join(dir, "a.example.com.pem"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			cfg := a.config(t, "a.example.com")
			m, e := newManager(t, cfg)
			dirs, err := filepath.Glob(filepath.Join(cfg.Cache, "*"))
			require.NoError(t, err)
			require.NoError(t, spoil(dirs[0]))
			serve.set(m.GetCertificate)
			stop := run(t, m)
			wait(t, m)
			got := func(event acme.Event) bool { return event.Err == nil }
			eventually(t, "got", func() bool { return slices.ContainsFunc(e.all(), got) })
			stop()
			assert.ErrorContains(t, e.all()[0].Err, "acme: cache: host=a.example.com")
		})
	}
}

// Nobody answers the challenge: the failure is told with the host, and tried
// again.
func TestFailureIsTriedAgain(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	m, e := newManager(t, a.config(t, "a.example.com"))
	m.SetRetry(time.Millisecond)
	swap := &handler{}
	serveTLS(t, a.tls, swap.config())
	run(t, m)
	eventually(t, "a failure", func() bool { return len(e.all()) > 0 })
	failure := e.all()[0]
	assert.Equal(t, "a.example.com", failure.Host)
	var typed *acme.Error
	require.ErrorAs(t, failure.Err, &typed)
	assert.Equal(t, "obtain", typed.Op)
	assert.Zero(t, failure.NotAfter)

	swap.set(m.GetCertificate)
	wait(t, m)
}

func TestExternalAccount(t *testing.T) {
	noLeak(t)
	key := []byte("0123456789abcdef0123456789abcdef")
	a := startPebble(t, settings{macKeys: map[string]string{"kid-1": base64.RawURLEncoding.EncodeToString(key)}})
	cfg := a.config(t, "a.example.com")
	m, e := newManager(t, cfg)
	stop := run(t, m)
	eventually(t, "a refusal", func() bool { return len(e.all()) > 0 })
	stop()
	assert.ErrorContains(t, e.all()[0].Err, "externalAccountRequired")

	cfg.ExternalAccount = acme.ExternalAccount{ID: "kid-1", Key: key}
	m, _ = newManager(t, cfg)
	serveTLS(t, a.tls, m.TLSConfig(nil))
	run(t, m)
	wait(t, m)
}

// A directory that the pool does not verify gets nothing.
func TestForeignDirectory(t *testing.T) {
	noLeak(t)
	a := startPebble(t, settings{})
	cfg := a.config(t, "a.example.com")
	cfg.Roots = nil
	m, e := newManager(t, cfg)
	run(t, m)
	eventually(t, "a refusal", func() bool { return len(e.all()) > 0 })
	assert.ErrorContains(t, e.all()[0].Err, "certificate signed by unknown authority")
	err := m.Run(t.Context())
	assert.EqualError(t, err, "acme: run: runs already")
	assert.Error(t, errors.Unwrap(err))
}

func checkModes(t *testing.T, folder string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		} else {
			files++
		}
		assert.Equal(t, want, info.Mode().Perm(), path)
		return nil
	}))
	assert.Equal(t, 2, files, "a key and a certificate")
}

func wait(t *testing.T, m *acme.Manager) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, m.Wait(ctx))
}
