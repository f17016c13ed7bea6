package tun_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// failure returns the *tun.Error that err is.
func failure(t *testing.T, err error) *tun.Error {
	t.Helper()
	var e *tun.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestConfig(t *testing.T) {
	for field, test := range map[string]struct {
		config tun.Config
		want   string
	}{
		"Name":    {tun.Config{Name: "sixteen-bytes-xx"}, `tun: config: Name="sixteen-bytes-xx": is longer than 15 bytes`},
		"Name ":   {tun.Config{Name: "a/b"}, `tun: config: Name="a/b": is no name for an interface`},
		"Name  ":  {tun.Config{Name: ".."}, `tun: config: Name="..": is no name for an interface`},
		"Name   ": {tun.Config{Name: "%d%d"}, `tun: config: Name="%d%d": may have one %d and no other percent sign`},
		"Name%":   {tun.Config{Name: "a%s"}, `tun: config: Name="a%s": may have one %d and no other percent sign`},
		"MTU":     {tun.Config{MTU: 67}, "tun: config: MTU=67: must be 0, or from 68 to 65535 bytes"},
		"MTU ":    {tun.Config{MTU: 65536}, "tun: config: MTU=65536: must be 0, or from 68 to 65535 bytes"},
		"Queues":  {tun.Config{Queues: -1}, "tun: config: Queues=-1: must be from 0 to 256"},
		"Queues ": {tun.Config{Queues: 257}, "tun: config: Queues=257: must be from 0 to 256"},
	} {
		_, err := tun.Open(&test.config)
		e := failure(t, err)
		assert.Equal(t, strings.TrimRight(field, " %"), e.Field)
		assert.Equal(t, test.want, err.Error())
	}
	_, err := tun.Open(&tun.Config{Name: "/", MTU: -1, Queues: 1000})
	for _, field := range []string{"Name", "MTU", "Queues"} {
		assert.ErrorContains(t, err, field)
	}
}

// TestForeignConfig: what says how to make an interface is refused for one that is there.
func TestForeignConfig(t *testing.T) {
	id := uint32(1)
	c := &tun.Config{Name: "a", MTU: 1, Queues: 1, Netns: "n", Persistent: true, Owner: &id, Group: &id}
	_, err := tun.FromFD(^uintptr(0), c)
	_, again := tun.FromFile(nil, c)
	assert.Equal(t, err, again)
	for _, field := range []string{`Name="a"`, "MTU=1", "Queues=1", `Netns="n"`, "Persistent=true", "Owner=1", "Group=1"} {
		assert.ErrorContains(t, err, "tun: config: "+field)
	}
}

func TestNames(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	names := map[string]bool{}
	for range 3 { // several at once
		d := open(t, &tun.Config{Netns: s.Path()})
		names[d.Name()] = true
		d = open(t, &tun.Config{Name: "vpn%d", Netns: s.Path()})
		names[d.Name()] = true
	}
	assert.Equal(t, map[string]bool{"tun0": true, "tun1": true, "tun2": true, "vpn0": true, "vpn1": true, "vpn2": true}, names)

	_, err := tun.Open(&tun.Config{Name: "vpn1", Netns: s.Path()})
	require.ErrorIs(t, err, unix.EBUSY)
	assert.Equal(t, `tun: open: Name="vpn1": the interface has all of its readers: ioctl TUNSETIFF: device or resource busy`, err.Error())
	_, err = tun.Open(&tun.Config{Name: "lo", Netns: s.Path()})
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorIs(t, err, unix.EINVAL)
	assert.Equal(t, "Name", failure(t, err).Field)
}

// TestMTU: what the config says, and later what the interface has.
func TestMTU(t *testing.T) {
	lab.NoLeak(t)
	d, s := solo(t, tun.Config{MTU: 1300})
	assert.Equal(t, 1300, d.MTU())
	assert.Contains(t, s.Command(t, "ip", "link", "show", d.Name()), "mtu 1300 ")
	s.Command(t, "ip", "link", "set", d.Name(), "mtu", "4000")
	for end := time.Now().Add(20 * time.Second); d.MTU() != 4000 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	assert.Equal(t, 4000, d.MTU())
	n, err := d.Write(ping(3900))
	require.NoError(t, err)
	assert.Equal(t, 3928, n)
}

func TestPersistent(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	user, group := uint32(1234), uint32(5678)
	c := &tun.Config{Name: "keep", Netns: s.Path(), Persistent: true, Owner: &user, Group: &group}
	for range 2 { // the second finds it
		d := open(t, c)
		require.NoError(t, d.Close())
		got := s.Command(t, "ip", "-d", "link", "show", "keep")
		assert.Contains(t, got, "persist on user 1234 group 5678")
	}
	invalid := ^uint32(0)
	for _, c := range []*tun.Config{{Owner: &invalid}, {Group: &invalid}} {
		c.Netns, c.Persistent = s.Path(), true
		_, err := tun.Open(c)
		require.ErrorIs(t, err, unix.EINVAL)
		e := failure(t, err)
		assert.Equal(t, map[bool]string{true: "Owner", false: "Group"}[c.Owner != nil], e.Field)
		assert.Equal(t, "4294967295", e.Value)
		assert.NotContains(t, s.Command(t, "ip", "link"), e.Name, "nothing stays behind")
	}
	s.Command(t, "ip", "link", "del", "keep")
}

// TestNamed: a namespace of ip-netns(8) is known by its name, and no thread stays there.
func TestNamed(t *testing.T) {
	lab.NoLeak(t)
	ip := lab.Need(t, "ip")
	lab.NewSpace(t) // is the test privileged?
	name := "strata-tun-" + strconv.Itoa(os.Getpid())
	out, err := exec.Command(ip, "netns", "add", name).CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { exec.Command(ip, "netns", "del", name).Run() })
	home, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	d := open(t, &tun.Config{Netns: name, Name: "inside"})
	out, err = exec.Command(ip, "-n", name, "link", "show", d.Name()).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, 1500, d.MTU())
	require.NoError(t, d.Close())
	// The threads of the test's own visits are gone soon.
	assert.Eventually(t, func() bool { return !strays(home) }, 30*time.Second, 10*time.Millisecond)

	_, err = tun.Open(&tun.Config{Netns: "strata-none"})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, `tun: open: Netns="strata-none": open /run/netns/strata-none: no such file or directory`, err.Error())
	_, err = tun.Open(&tun.Config{Netns: "/proc/self/ns/uts"})
	require.ErrorIs(t, err, unix.EINVAL)
	assert.Equal(t, "Netns", failure(t, err).Field)
}

// strays reports whether a thread of this process is in another namespace.
func strays(home string) bool {
	tasks, _ := filepath.Glob("/proc/self/task/*/ns/net")
	return slices.ContainsFunc(tasks, func(task string) bool {
		where, err := os.Readlink(task)
		return err == nil && where != home
	})
}

// elsewhere calls f on a thread that ends with it and that prepare has changed.
func elsewhere(t *testing.T, prepare func() error, f func()) {
	t.Helper()
	var err error
	lab.NewSpace(t).Run(t, func() {
		if err = prepare(); err == nil {
			f()
		}
	})
	require.NoError(t, err)
}

// TestNoDevice: without /dev/net/tun the error says so.
func TestNoDevice(t *testing.T) {
	lab.NoLeak(t)
	var err error
	elsewhere(t, func() error {
		return errors.Join(
			unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS),
			unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("none", "/dev/net", "tmpfs", 0, ""))
	}, func() { _, err = tun.Open(nil) })
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, "tun: open: open /dev/net/tun: no such file or directory", err.Error())
}

// TestDescriptorsRunOut: whatever cannot be opened, Open fails with the reason and leaves
// nothing behind.
func TestDescriptorsRunOut(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	open(t, &tun.Config{Netns: s.Path(), Name: "first"})
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old)) }()
	fields := map[string]bool{}
	for limit := uint64(3); ; limit++ {
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: old.Max}))
		d, err := tun.Open(&tun.Config{Netns: s.Path(), Queues: 2})
		if err == nil {
			require.NoError(t, d.Close())
			break
		}
		require.ErrorIs(t, err, unix.EMFILE)
		fields[failure(t, err).Field] = true
		require.Less(t, limit, uint64(1000))
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	assert.Equal(t, map[string]bool{"Netns": true, "": true, "MTU": true, "Queues": true}, fields)
	links := s.Command(t, "ip", "-o", "link")
	assert.Equal(t, 2, strings.Count(links, "\n"), links)
}

// TestManyQueues opens as many as there can be.
func TestManyQueues(t *testing.T) {
	lab.NoLeak(t)
	d, s := solo(t, tun.Config{Queues: 256})
	assert.Len(t, d.Queues(), 256)
	_, err := tun.Open(&tun.Config{Name: d.Name(), Queues: 2, Netns: s.Path()})
	require.ErrorIs(t, err, unix.E2BIG)
	assert.Equal(t, `tun: open: Name="tun0": ioctl TUNSETIFF: argument list too long`, err.Error())
}

// TestOwner: who owns a persistent interface opens it without privilege, but may not
// change it.
func TestOwner(t *testing.T) {
	lab.NoLeak(t)
	user := uint32(os.Getuid())
	s := lab.NewSpace(t)
	made := open(t, &tun.Config{Name: "owned", Netns: s.Path(), Persistent: true, Owner: &user})
	require.NoError(t, made.Close())
	var err error
	var name string
	s.Run(t, func() {
		if err = lab.DropCapabilities(); err != nil {
			return
		}
		var d *tun.Device
		if d, err = tun.Open(&tun.Config{Name: "owned"}); err == nil {
			name = d.Name()
			err = d.Close()
		}
	})
	require.NoError(t, err)
	assert.Equal(t, "owned", name)
	var failed error
	s.Run(t, func() {
		err = lab.DropCapabilities()
		_, failed = tun.Open(&tun.Config{Name: "owned", MTU: 1400})
	})
	require.NoError(t, err)
	require.ErrorIs(t, failed, fs.ErrPermission)
	assert.Equal(t, "tun: open owned: MTU=1400: ioctl SIOCSIFMTU: operation not permitted", failed.Error())
}

// TestNoPrivilege: without CAP_NET_ADMIN the error says so.
func TestNoPrivilege(t *testing.T) {
	lab.NoLeak(t)
	var err error
	elsewhere(t, lab.DropCapabilities, func() { _, err = tun.Open(&tun.Config{Name: "mine"}) })
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.Equal(t, `tun: open: Name="mine": needs CAP_NET_ADMIN, or a persistent interface of this user: `+
		"ioctl TUNSETIFF: operation not permitted", err.Error())
}
