package tlsx_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// Every Data of a Config is followed: a new field must not be forgotten.
func TestEveryDataIsFollowed(t *testing.T) {
	c := &tlsx.Config{
		Certificates: make([]tlsx.Certificate, 2),
		Roots:        tlsx.CAs{From: make([]tlsx.Data, 2)}, ClientCAs: tlsx.CAs{From: make([]tlsx.Data, 2)},
		Peer:    tlsx.Peer{CRLs: make([]tlsx.Data, 2)},
		Tickets: tlsx.Tickets{Keys: make([]tlsx.Data, 2)}, ECH: tlsx.ECH{Keys: make([]tlsx.Data, 2)},
	}
	want := map[string]tlsx.Data{}
	fill(reflect.ValueOf(c).Elem(), "", want)
	assert.Greater(t, len(want), 20)
	assert.Equal(t, want, tlsx.Followed(c))
	assert.Empty(t, tlsx.Followed(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text("text")}}}))
}

// fill sets every Data below v to the name of its field.
func fill(v reflect.Value, path string, want map[string]tlsx.Data) {
	switch {
	case v.Type() == reflect.TypeFor[tlsx.Data]():
		d := tlsx.File(path)
		if len(want)%2 == 0 {
			d = tlsx.Env(path)
		}
		v.Set(reflect.ValueOf(d))
		want[path] = d
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			fill(v.Field(i), name, want)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i), want)
		}
	}
}

func TestTrail(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	link := func(target string, at ...string) string {
		path := filepath.Join(append([]string{top}, at...)...)
		if runtime.GOOS != "windows" {
			require.NoError(t, os.Symlink(target, path))
		}
		return path
	}
	require.NoError(t, os.MkdirAll(filepath.Join(top, "a", "b"), 0o700))
	write(t, filepath.Join(top, "a", "b", "file"), "", 0o600)
	a, b := filepath.Join(top, "a"), filepath.Join(top, "a", "b")
	for i, c := range []struct {
		name, path string
		want       map[string][]string
	}{
		{"plain", filepath.Join(b, "file"), map[string][]string{b: {"file"}}},
		{"missing", filepath.Join(b, "none"), map[string][]string{b: {"none"}}},
		{"missing folder", filepath.Join(a, "c", "d", "none"), map[string][]string{a: {"c"}}},
		{"below a file", filepath.Join(b, "file", "x"), map[string][]string{filepath.Join(b, "file"): {"x"}}},
		{"relative link", filepath.Join(link("./b/../b", "a", "l"), "file"), map[string][]string{a: {"l"}, b: {"file"}}},
		{"absolute link", link(filepath.Join(b, "file"), "abs"), map[string][]string{top: {"abs"}, b: {"file"}}},
		{"link to a link", filepath.Join(link(filepath.Join("a", "l"), "two"), "file"), map[string][]string{top: {"two"}, a: {"l"}, b: {"file"}}},
		{"above a link", link(b, "up") + "/../b/file", map[string][]string{top: {"up"}, b: {"file"}}},
		{"dangling", link("gone", "dangling"), map[string][]string{top: {"dangling", "gone"}}},
		{"loop", link("loop", "loop"), map[string][]string{top: {"loop"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && i > 3 {
				t.Skip(noLinks)
			}
			assert.Equal(t, c.want, tlsx.Trail(c.path))
		})
	}
	t.Chdir(b)
	assert.Equal(t, map[string][]string{b: {"file"}}, tlsx.Trail("file"))
	assert.Equal(t, map[string][]string{b: {"file"}}, tlsx.Trail("./../b/file"))
}

func TestTrailFromNowhere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the working directory can be removed on Linux")
	}
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, os.Remove(here))
	t.Setenv("PWD", "")
	assert.Empty(t, tlsx.Trail("file"))
}

// notifier replaces what makes notifiers, until the test ends.
func notifier(t *testing.T, f func() (*fsnotify.Watcher, error)) {
	t.Helper()
	before := *tlsx.NewNotifier
	*tlsx.NewNotifier = f
	t.Cleanup(func() { *tlsx.NewNotifier = before })
}

// Without watching, the interval is enough, and is told of; without an interval
// either there is no Source. Watching is tried again.
func TestSourceUnwatchable(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	try := make(chan bool, 1)
	notifier(t, func() (*fsnotify.Watcher, error) {
		select {
		case <-try:
			return fsnotify.NewWatcher()
		default:
			return nil, os.NewSyscallError("inotify_init1", syscall.EMFILE)
		}
	})
	c := &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}, Reload: tlsx.Reload{Interval: -1}}
	_, err := tlsx.NewSource(t.Context(), c)
	assert.ErrorIs(t, err, syscall.EMFILE)
	assert.Equal(t, "watch", failure(t, err).Op)

	c.Reload.Interval = 10 * time.Millisecond
	s, events := follow(t, c)
	addr := serve(t, s.Config())
	eventually(t, "an event", func() bool { return len(events.list()) > 0 })
	assert.ErrorIs(t, events.last().Err, syscall.EMFILE)
	assert.ErrorIs(t, s.Err(), syscall.EMFILE)
	fresh := install(t, ca, dir)
	eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == fresh.Leaf().SerialNumber.String() })
	told := 0
	for _, e := range events.list() { // one may be of half a pair
		if errors.Is(e.Err, syscall.EMFILE) {
			told++
		}
	}
	assert.Equal(t, 1, told, "told once")
	try <- true
	eventually(t, "no error", func() bool { return s.Err() == nil })
}

// A folder that cannot be watched any more is told of.
func TestSourceUnwatchableLater(t *testing.T) {
	noLeak(t)
	ca, dir := newCA(t), t.TempDir()
	install(t, ca, dir)
	made := make(chan *fsnotify.Watcher, 1)
	notifier(t, func() (*fsnotify.Watcher, error) {
		w, err := fsnotify.NewWatcher()
		made <- w
		return w, err
	})
	s, events := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}})
	require.NoError(t, (<-made).Close())
	install(t, ca, dir)
	require.NoError(t, s.Reload(t.Context()), "the files are in use all the same")
	assert.ErrorIs(t, s.Err(), fsnotify.ErrClosed)
	assert.ErrorContains(t, s.Err(), dir)
	list := events.list()
	require.Len(t, list, 2)
	assert.ErrorIs(t, list[0].Err, fsnotify.ErrClosed)
	assert.NoError(t, list[1].Err)
}

// When the kernel has dropped events, all files are looked at.
func TestSourceOverflow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not rename a folder with a watched one in it")
	}
	noLeak(t)
	made := make(chan *fsnotify.Watcher, 1)
	notifier(t, func() (*fsnotify.Watcher, error) {
		w, err := fsnotify.NewWatcher()
		made <- w
		return w, err
	})
	ca, top := newCA(t), t.TempDir()
	dir, other := filepath.Join(top, "a", "b"), filepath.Join(top, "new", "b")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.MkdirAll(other, 0o700))
	install(t, ca, dir)
	fresh := install(t, ca, other)
	s, _ := follow(t, &tlsx.Config{Certificates: []tlsx.Certificate{pair(dir)}, Reload: tlsx.Reload{Interval: -1}})
	addr := serve(t, s.Config())
	require.NoError(t, os.Rename(filepath.Join(top, "a"), filepath.Join(top, "old")))
	require.NoError(t, os.Rename(filepath.Join(top, "new"), filepath.Join(top, "a")))
	(<-made).Errors <- fsnotify.ErrEventOverflow
	eventually(t, "the new certificate", func() bool { return serial(t, addr, ca) == fresh.Leaf().SerialNumber.String() })
}

// A hello without a config is none of crypto/tls.
func TestNextProtos(t *testing.T) {
	_, ok := tlsx.NextProtos(&tls.ClientHelloInfo{})
	assert.False(t, ok)
}
