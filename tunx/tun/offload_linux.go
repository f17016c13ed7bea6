package tun

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The offloads of kernels, the newest first.
var offloads = []int{
	tcpOffloads | unix.TUN_F_USO4 | unix.TUN_F_USO6, // 6.2
	tcpOffloads,
	unix.TUN_F_CSUM,
}

const tcpOffloads = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN

// offload turns on what the kernel can do, or all off: a persistent interface keeps what
// its last reader has chosen.
func (d *device) offload(on bool) error {
	try, fd := []int{0}, d.queues[0].fd
	if on {
		err := unix.IoctlSetPointerInt(fd, unix.TUNSETVNETHDRSZ, headerLen)
		if err := d.fail("", "", os.NewSyscallError("ioctl TUNSETVNETHDRSZ", err)); err != nil {
			return err
		}
		try = offloads
	}
	var err error
	for _, d.flags = range try {
		if err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, d.flags); !errors.Is(err, unix.EINVAL) {
			break
		}
	}
	return d.fail("NoOffload", strconv.FormatBool(!on), os.NewSyscallError("ioctl TUNSETOFFLOAD", err))
}

// offloads names what is offloaded.
func (d *device) offloads() string {
	var names []string
	for _, f := range []struct {
		flag int
		name string
	}{
		{unix.TUN_F_CSUM, "checksum"}, {unix.TUN_F_TSO4, "tcp4"}, {unix.TUN_F_TSO6, "tcp6"},
		{unix.TUN_F_USO4, "udp4"}, {unix.TUN_F_USO6, "udp6"},
	} {
		if d.flags&f.flag != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, " ")
}
