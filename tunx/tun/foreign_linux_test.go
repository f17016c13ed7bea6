package tun_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// foreign is what a VPN service hands over: a blocking descriptor.
func foreign(t *testing.T, s *lab.Space, flags uint16) int {
	t.Helper()
	fd := -1
	var err error
	s.Run(t, func() {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		var ifreq *unix.Ifreq
		if ifreq, err = unix.NewIfreq("vpn0"); err == nil {
			ifreq.SetUint16(flags)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifreq)
		}
	})
	require.NoError(t, err)
	return fd
}

func TestFromFD(t *testing.T) {
	lab.NoLeak(t)
	for name, test := range map[string]struct {
		flags   uint16
		config  *tun.Config
		offload bool
		mtu     int
	}{
		"plain":       {0, nil, false, 1500},
		"no offload":  {unix.IFF_VNET_HDR, &tun.Config{NoOffload: true}, false, 1500},
		"offload":     {unix.IFF_VNET_HDR, nil, true, 1500},
		"given MTU":   {0, &tun.Config{MTU: 1280}, false, 1280},
		"plain twice": {0, &tun.Config{NoOffload: true}, false, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			s := lab.NewSpace(t)
			s.Run(t, func() { require.NoError(t, quiet()) })
			d, err := tun.FromFD(uintptr(foreign(t, s, unix.IFF_TUN|unix.IFF_NO_PI|test.flags)), test.config)
			require.NoError(t, err)
			defer d.Close()
			assert.Equal(t, "vpn0", d.Name())
			assert.Equal(t, test.mtu, d.MTU())
			assert.Equal(t, test.offload, d.Offloads() != "")
			up(t, d, s, "10.9.0.1/24")
			_, err = d.Write(ping(5))
			require.NoError(t, err)
			n, err := d.Read(make([]byte, 1500))
			require.NoError(t, err)
			assert.Equal(t, 33, n)
			require.NoError(t, d.Close())
			assert.NotContains(t, s.Command(t, "ip", "link"), "vpn0")
		})
	}
}

// TestFromFile: the caller's file stays open, and is the caller's to close.
func TestFromFile(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	s.Run(t, func() { require.NoError(t, quiet()) })
	f := os.NewFile(uintptr(foreign(t, s, unix.IFF_TUN|unix.IFF_NO_PI)), "vpn")
	d, err := tun.FromFile(f, nil)
	require.NoError(t, err)
	up(t, d, s, "10.9.0.1/24")
	require.NoError(t, d.Close())
	assert.Contains(t, s.Command(t, "ip", "link"), "vpn0")
	again, err := tun.FromFile(f, nil)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, err = again.Write(ping(5))
	require.NoError(t, err)
	n, err := again.Read(make([]byte, 1500))
	require.NoError(t, err)
	assert.Equal(t, 33, n)
	require.NoError(t, again.Close())

	_, err = tun.FromFile(f, nil)
	require.ErrorIs(t, err, os.ErrClosed)
	_, err = tun.FromFile(nil, nil)
	require.ErrorIs(t, err, os.ErrInvalid)
}

// TestFromOther: what is no TUN interface is refused, and stays the caller's.
func TestFromOther(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	pipe, other, err := os.Pipe()
	require.NoError(t, err)
	defer pipe.Close()
	defer other.Close()
	_, err = tun.FromFile(pipe, nil)
	require.ErrorIs(t, err, unix.ENOTTY)
	require.ErrorContains(t, err, "is no open TUN interface: ioctl TUNGETIFF: inappropriate ioctl for device")

	fd := foreign(t, s, unix.IFF_TAP|unix.IFF_NO_PI)
	_, err = tun.FromFD(uintptr(fd), nil)
	require.ErrorIs(t, err, unix.EINVAL)
	require.ErrorContains(t, err, "must be a TUN interface, has the flags 0x1002")
	assert.Equal(t, "fd", failure(t, err).Field)
	require.NoError(t, unix.Close(fd))

	fd = foreign(t, s, unix.IFF_TUN|unix.IFF_NO_PI)
	s.Command(t, "ip", "link", "del", "vpn0")
	_, err = tun.FromFD(uintptr(fd), nil)
	require.ErrorIs(t, err, unix.EBADFD)
	require.NoError(t, unix.Close(fd))
}

// TestForeignMTU: where the interface cannot be asked, the config must have its MTU.
func TestForeignMTU(t *testing.T) {
	lab.NoLeak(t)
	fd := uintptr(foreign(t, lab.NewSpace(t), unix.IFF_TUN|unix.IFF_NO_PI))
	var d *tun.Device
	var err, refused error
	elsewhere(t, lab.DropCapabilities, func() {
		_, refused = tun.FromFD(fd, nil)
		d, err = tun.FromFD(fd, &tun.Config{MTU: 1400})
	})
	require.ErrorIs(t, refused, unix.ENODEV)
	assert.Equal(t, "tun: open vpn0: MTU=0: ioctl SIOCGIFMTU: no such device", refused.Error())
	require.NoError(t, err)
	assert.Equal(t, 1400, d.MTU())
	require.NoError(t, d.Close())
}
