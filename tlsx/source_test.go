package tlsx_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

const (
	noLinks  = "Windows makes links for the privileged only, and wine none"
	noFolder = "Windows keeps the name of a folder that is watched, or that holds an open file"
)

// ways are how files are replaced in the wild. Each gets the folder that the
// Source was given, and the certificate to put there.
var ways = []struct {
	name    string
	windows string // why not there
	prepare func(t *testing.T, dir string, c *pki.Certificate)
	replace func(t *testing.T, dir string, c *pki.Certificate)
}{
	{"atomic rename", "", writePair, writePair},
	{"in place", "", writePair, func(t *testing.T, dir string, c *pki.Certificate) {
		write(t, filepath.Join(dir, "server.key"), string(c.KeyPEM()), 0o600)
		write(t, filepath.Join(dir, "server.pem"), string(c.ChainPEM()), 0o644)
	}},
	{"removed and written", "", writePair, func(t *testing.T, dir string, c *pki.Certificate) {
		require.NoError(t, os.Remove(filepath.Join(dir, "server.key")))
		require.NoError(t, os.Remove(filepath.Join(dir, "server.pem")))
		writePair(t, dir, c)
	}},
	{"folder removed and made", noFolder, writePair, func(t *testing.T, dir string, c *pki.Certificate) {
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Mkdir(dir, 0o700))
		writePair(t, dir, c)
	}},
	{"folder renamed", noFolder, writePair, func(t *testing.T, dir string, c *pki.Certificate) {
		require.NoError(t, os.Mkdir(dir+".new", 0o700))
		writePair(t, dir+".new", c)
		require.NoError(t, os.Rename(dir, filepath.Join(t.TempDir(), "old")))
		require.NoError(t, os.Rename(dir+".new", dir))
	}},
	{"kubernetes", noLinks, kubernetes, kubernetes},
	{"link to a folder elsewhere", noLinks, relink, relink},
	{"behind a link", noLinks, func(t *testing.T, dir string, c *pki.Certificate) {
		require.NoError(t, os.Mkdir(dir+".real", 0o700))
		writePair(t, dir+".real", c)
		for _, name := range []string{"server.pem", "server.key"} {
			require.NoError(t, os.Symlink(filepath.Join(dir+".real", name), filepath.Join(dir, name)))
		}
	}, func(t *testing.T, dir string, c *pki.Certificate) { writePair(t, dir+".real", c) }},
}

func writePair(t *testing.T, dir string, c *pki.Certificate) {
	_, _, err := c.Write(dir, "server")
	require.NoError(t, err)
}

// kubernetes writes as its kubelet does: a folder for each version, a link
// ..data to it that is replaced, and links to files below ..data that stay.
func kubernetes(t *testing.T, dir string, c *pki.Certificate) {
	version := filepath.Join(dir, "..2026_"+c.Leaf().SerialNumber.String())
	require.NoError(t, os.Mkdir(version, 0o700))
	writePair(t, version, c)
	data := filepath.Join(dir, "..data")
	old, err := os.Readlink(data)
	require.NoError(t, os.Symlink(filepath.Base(version), data+"_tmp"))
	require.NoError(t, os.Rename(data+"_tmp", data))
	if err == nil {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, old)))
		return
	}
	for _, name := range []string{"server.pem", "server.key"} {
		require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
	}
}

// relink replaces the folder by a link to one elsewhere, as certbot's users do.
func relink(t *testing.T, dir string, c *pki.Certificate) {
	there := filepath.Join(t.TempDir(), c.Leaf().SerialNumber.String())
	require.NoError(t, os.Mkdir(there, 0o700))
	writePair(t, there, c)
	if err := os.Remove(dir); err != nil {
		require.NoError(t, os.RemoveAll(dir))
	}
	require.NoError(t, os.Symlink(there, dir))
}

// However the files are replaced: it is noticed by watching alone, no
// handshake fails, open conns stay, and clients resume.
func TestSourceFollows(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && way.windows != "" {
				t.Skip(way.windows)
			}
			noLeak(t)
			ca := newCA(t)
			dir := filepath.Join(t.TempDir(), "tls")
			require.NoError(t, os.Mkdir(dir, 0o700))
			way.prepare(t, dir, issue(t, ca, &pki.Leaf{}))
			s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
			addr := serve(t, s.Config())
			conns := crowd(t, addr, ca)
			eventually(t, "clients", func() bool { return conns.Load() > 4 })
			for range 3 {
				fresh := issue(t, ca, &pki.Leaf{})
				began := time.Now()
				way.replace(t, dir, fresh)
				want := fresh.Leaf().SerialNumber.String()
				eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == want })
				t.Logf("noticed after %s", time.Since(began).Round(time.Millisecond))
				var e tlsx.Event // the certificate is in use before it is told
				eventually(t, "the event", func() bool {
					e = events.last()
					return e.Err == nil && len(e.Leaves) == 1 && e.Leaves[0].SerialNumber.String() == want
				})
				assert.Subset(t, []string{"Certificates[0].Chain", "Certificates[0].Key"}, e.Fields)
				assert.NotEmpty(t, e.Files)
				assert.False(t, e.Time.IsZero())
				assert.NoError(t, s.Err())
				assert.Equal(t, fresh.Leaf().NotAfter, s.Expiry())
			}
		})
	}
}

// What is not whole is refused, told once, and left as soon as it is whole.
func TestSourceRefuses(t *testing.T) {
	ca := newCA(t)
	first := issue(t, ca, &pki.Leaf{})
	other := issue(t, ca, &pki.Leaf{})
	expired := issue(t, ca, &pki.Leaf{NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		field string
		is    error
	}{
		{"half a pair", func(t *testing.T, dir string) {
			replaceFile(t, filepath.Join(dir, "server.pem"), other.ChainPEM(), 0o644)
		}, "Certificates[0].", nil},
		{"removed", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "server.key")))
		}, "Certificates[0].Key", fs.ErrNotExist},
		{"folder removed", func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(dir))
		}, "Certificates[0].Chain", fs.ErrNotExist},
		{"cut", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "server.pem"), string(other.ChainPEM()[:200]), 0o644)
		}, "Certificates[0].Chain", nil},
		{"empty", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "server.key"), "", 0o600)
		}, "Certificates[0].", nil},
		{"expired", func(t *testing.T, dir string) { writePair(t, dir, expired) }, "Certificates[0].", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeak(t)
			dir := filepath.Join(t.TempDir(), "tls")
			require.NoError(t, os.Mkdir(dir, 0o700))
			writePair(t, dir, first)
			s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
			addr := serve(t, s.Config())
			crowd(t, addr, ca)

			c.spoil(t, dir)
			eventually(t, "an error", func() bool { return s.Err() != nil && events.last().Err != nil })
			assert.Error(t, s.Reload(t.Context()), "of the last state: the first may be of one in between")
			e := events.last()
			assert.Equal(t, "load", failure(t, e.Err).Op)
			assert.Contains(t, failure(t, e.Err).Field, c.field)
			if c.is != nil {
				assert.ErrorIs(t, e.Err, c.is)
			}
			assert.NotEmpty(t, e.Fields)
			assert.Equal(t, first.Leaf().SerialNumber, e.Leaves[0].SerialNumber, "the old one stays")
			assert.Equal(t, first.Leaf().SerialNumber.String(), serial(t, addr, ca))
			n := len(events.list())
			assert.Error(t, s.Reload(t.Context()), "still so")
			assert.Len(t, events.list(), n, "what is as before is not told again")

			fresh := issue(t, ca, &pki.Leaf{})
			if err := os.Mkdir(dir, 0o700); err != nil {
				require.ErrorIs(t, err, fs.ErrExist)
			}
			writePair(t, dir, fresh)
			want := fresh.Leaf().SerialNumber.String()
			eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == want })
			eventually(t, "no error", func() bool { return s.Err() == nil && events.last().Err == nil })
		})
	}
}

// Files that come back as they were are taken too.
func TestSourceRecovers(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	c := install(t, ca, dir)
	s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	require.NoError(t, os.Remove(filepath.Join(dir, "server.pem")))
	eventually(t, "an error", func() bool { return s.Err() != nil })
	writePair(t, dir, c)
	eventually(t, "no error", func() bool { return s.Err() == nil && events.last().Err == nil })
	assert.Equal(t, []string{filepath.Join(dir, "server.pem")}, events.last().Files)
}

func TestSourceReload(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	s, events := follow(t, &tlsx.Config{
		Certificates: []tlsx.Certificate{pair(dir)}, Reload: tlsx.Reload{Interval: -1},
	})
	require.NoError(t, s.Reload(t.Context()))
	assert.Empty(t, events.list(), "nothing has changed")
	fresh := install(t, ca, dir)
	require.NoError(t, s.Reload(t.Context()))
	assert.Equal(t, fresh.Leaf().SerialNumber, events.last().Leaves[0].SerialNumber)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // it may be quick enough
		if err := s.Reload(ctx); err != nil {
			assert.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, "reload", failure(t, err).Op)
		}
	}
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "again")
	err := s.Reload(t.Context())
	assert.ErrorIs(t, err, os.ErrClosed)
	assert.EqualError(t, err, "tlsx: reload: file already closed")
	assert.Equal(t, fresh.Leaf().SerialNumber.String(), serial(t, serve(t, s.Config()), ca), "it stays usable")
}

// A context that ends while files are read, or OnReload runs, ends the wait.
func TestSourceReloadWaits(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	entered, leave := make(chan bool), make(chan bool)
	s, err := tlsx.NewSource(t.Context(), &tlsx.Config{
		Certificates: []tlsx.Certificate{pair(dir)},
		Reload:       tlsx.Reload{OnReload: func(tlsx.Event) { entered <- true; <-leave }},
	})
	require.NoError(t, err)
	install(t, ca, dir)
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, s.Reload(ctx), context.DeadlineExceeded)
	close(leave)
	go func() {
		for range entered {
		}
	}()
	require.NoError(t, s.Close())
	close(entered)
}

func TestSourceEndsWithContext(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := tlsx.NewSource(ctx, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	require.NoError(t, err)
	cancel()
	eventually(t, "closed", func() bool { return errors.Is(s.Reload(t.Context()), os.ErrClosed) })
	_, err = tlsx.NewSource(ctx, &tlsx.Config{})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "load", failure(t, err).Op)
	require.NoError(t, s.Close())
}

func TestSourceConfig(t *testing.T) {
	noLeak(t)
	_, err := tlsx.New(&tlsx.Config{Reload: tlsx.Reload{Interval: time.Second, OnReload: func(tlsx.Event) {}}})
	assert.ErrorContains(t, err, "tlsx: config: Reload.Interval=1s: needs NewSource: New follows nothing")
	assert.ErrorContains(t, err, "tlsx: config: Reload.OnReload: needs NewSource: New follows nothing")
	_, err = tlsx.NewSource(t.Context(), &tlsx.Config{Reload: tlsx.Reload{Interval: time.Millisecond}})
	assert.EqualError(t, err, "tlsx: config: Reload.Interval=1ms: is too short: want at least 10ms")
	_, err = tlsx.NewSource(t.Context(), &tlsx.Config{Certificates: []tlsx.Certificate{pair(t.TempDir())}})
	assert.ErrorIs(t, err, fs.ErrNotExist)

	s, err := tlsx.NewSource(t.Context(), nil)
	require.NoError(t, err)
	assert.NotNil(t, s.Config())
	assert.True(t, s.Expiry().IsZero())
	require.NoError(t, s.Close())
}

// The interval finds what a watch does not see: here a folder above the watched
// one is another.
func TestSourceInterval(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not rename a folder with a watched one in it")
	}
	noLeak(t)
	ca, top := newCA(t), t.TempDir()
	dir := filepath.Join(top, "a", "b", "c")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	install(t, ca, dir)
	s, _ := follow(t, &tlsx.Config{
		Certificates: []tlsx.Certificate{pair(dir)}, Reload: tlsx.Reload{Interval: 20 * time.Millisecond},
	})
	addr := serve(t, s.Config())
	require.NoError(t, os.MkdirAll(filepath.Join(top, "new", "b", "c"), 0o700))
	fresh := install(t, ca, filepath.Join(top, "new", "b", "c"))
	require.NoError(t, os.Rename(filepath.Join(top, "a"), filepath.Join(top, "old")))
	require.NoError(t, os.Rename(filepath.Join(top, "new"), filepath.Join(top, "a")))
	eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == fresh.Leaf().SerialNumber.String() })
}

// A watch follows the path, also to folders that came in its place unseen.
func TestSourceWatchesWhatIsThere(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not rename a folder with a watched one in it")
	}
	noLeak(t)
	ca, top := newCA(t), t.TempDir()
	dir, other := filepath.Join(top, "a", "b", "c"), filepath.Join(top, "new", "b", "c")
	for _, d := range []string{dir, other} {
		require.NoError(t, os.MkdirAll(d, 0o700))
		install(t, ca, d)
	}
	s, _ := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	addr := serve(t, s.Config())
	require.NoError(t, os.Rename(filepath.Join(top, "a"), filepath.Join(top, "old")))
	require.NoError(t, os.Rename(filepath.Join(top, "new"), filepath.Join(top, "a")))
	require.NoError(t, s.Reload(t.Context()))
	fresh := install(t, ca, dir)
	eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == fresh.Leaf().SerialNumber.String() })
}

// What was refused for another reason than its content is tried again.
func TestSourceRetries(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "tickets")
	write(t, path, b64(keyOf(1)), 0o600)
	s, events := follow(t, &tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{tlsx.File(path)}}})
	write(t, path, b64(keyOf(2)), 0o644)
	if s.Reload(t.Context()) == nil {
		t.Skip("modes of files say nothing here")
	}
	require.NoError(t, os.Chmod(path, 0o600))
	eventually(t, "no error", func() bool { return s.Err() == nil && events.last().Err == nil })
	assert.Empty(t, events.last().Fields, "the content is as before")
}

// A few hundred reloads, some of them bad, under clients.
func TestSourceSoak(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	addr := serve(t, s.Config())
	crowd(t, addr, ca)
	var fresh *pki.Certificate
	for i := range 300 {
		fresh = install(t, ca, dir)
		if i%10 == 3 {
			replaceFile(t, filepath.Join(dir, "server.key"), []byte("garbage"), 0o600)
			assert.Error(t, s.Reload(t.Context()))
			continue
		}
		require.NoError(t, s.Reload(t.Context()))
	}
	assert.Equal(t, fresh.Leaf().SerialNumber.String(), serial(t, addr, ca))
	assert.GreaterOrEqual(t, len(events.list()), 300)
}

// A file that is written all the time delays a reload, but does not prevent it,
// and does not make one for each write.
func TestSourceBusyFile(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	addr := serve(t, s.Config())
	before := serial(t, addr, ca)
	key, err := os.ReadFile(filepath.Join(dir, "server.key"))
	require.NoError(t, err)
	began, writes := time.Now(), 0
	for ; len(events.list()) < 3 && time.Since(began) < patience; writes++ {
		write(t, filepath.Join(dir, "server.key"), string(key)+"\n"+time.Now().String(), 0o600)
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	assert.GreaterOrEqual(t, len(events.list()), 3)
	assert.GreaterOrEqual(t, took, 3*50*time.Millisecond, "events are bounded in rate")
	assert.Less(t, len(events.list()), writes)
	assert.Equal(t, before, serial(t, addr, ca))
}

// Other files in the folder wake nobody up in vain.
func TestSourceOtherFiles(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	for range 100 {
		write(t, filepath.Join(dir, "log"), time.Now().String(), 0o600)
	}
	require.NoError(t, os.Chtimes(filepath.Join(dir, "server.pem"), time.Now(), time.Now()))
	require.NoError(t, s.Reload(t.Context()))
	assert.Empty(t, events.list())
}
