package main

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketBuffer is the size in bytes of all sockets' buffers. It is what the wireguard bind sets without being asked.
const socketBuffer = 7 << 20

// setBuffers goes past the system's limit where the process may, as the wireguard bind and the C program do.
func setBuffers(_, _ string, c syscall.RawConn) error {
	var err error
	cerr := c.Control(func(fd uintptr) {
		for force, plain := range map[int]int{unix.SO_RCVBUFFORCE: unix.SO_RCVBUF, unix.SO_SNDBUFFORCE: unix.SO_SNDBUF} {
			if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, force, socketBuffer) != nil {
				if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, plain, socketBuffer); err != nil {
					return
				}
			}
		}
	})
	if cerr != nil {
		return cerr
	}
	return err
}

func listen(j job) (*net.UDPConn, error) {
	if j.size > roomy {
		return nil, fmt.Errorf("size %d: at most %d", j.size, roomy)
	}
	config := net.ListenConfig{Control: setBuffers}
	c, err := config.ListenPacket(context.Background(), "udp4", j.address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

func connect(j job) (*net.UDPConn, error) {
	d := net.Dialer{Control: setBuffers}
	c, err := d.DialContext(context.Background(), "udp4", j.address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

func portOf(c interface{ LocalAddr() net.Addr }) int { return c.LocalAddr().(*net.UDPAddr).Port }

// roomy is the size in bytes of the buffers of ways that get no coalesced datagrams.
const roomy = 2048
