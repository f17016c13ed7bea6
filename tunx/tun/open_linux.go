package tun

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/netns"
)

// clone is the file that makes TUN interfaces.
const clone = "/dev/net/tun"

func checkName(name string) error {
	switch {
	case len(name) >= unix.IFNAMSIZ:
		return fmt.Errorf("is longer than %d bytes", unix.IFNAMSIZ-1)
	case name == "." || name == ".." || strings.ContainsAny(name, "/: \t\n\v\f\r\x00"):
		return errors.New("is no name for an interface")
	case strings.Count(name, "%") > strings.Count(name, "%d") || strings.Count(name, "%d") > 1:
		return errors.New("may have one %d and no other percent sign")
	}
	return nil
}

func open(c *Config) (*device, error) {
	var d *device
	var err error
	if lost := netns.Do(c.Netns, func() { d, err = openHere(c) }); lost != nil {
		return nil, &Error{Op: "open", Field: "Netns", Value: strconv.Quote(c.Netns), Err: lost}
	}
	return d, err
}

// openHere opens the device in the namespace of this thread.
func openHere(c *Config) (_ *device, err error) {
	d := &device{ifname: c.Name, header: !c.NoOffload}
	defer func() {
		if err != nil {
			_ = d.close()
		}
	}()
	if d.ifname == "" {
		d.ifname = "tun%d"
	}
	for range max(c.Queues, 1) {
		if err := d.addQueue(c.Queues > 1); err != nil {
			return nil, err
		}
	}
	if err := d.offload(!c.NoOffload); err != nil {
		return nil, err
	}
	if err := d.fail("MTU", "0", d.size.open(d.ifname)); err != nil {
		return nil, err
	}
	if err := d.apply(c); err != nil {
		return nil, err
	}
	return d, d.start()
}

// addQueue opens a queue of the interface. The first one makes the interface, and gives it
// its name.
func (d *device) addQueue(multi bool) error {
	fd, err := unix.Open(clone, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return &Error{Op: "open", Err: &os.PathError{Op: "open", Path: clone, Err: err}}
	}
	flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if d.header {
		flags |= unix.IFF_VNET_HDR
	}
	if multi {
		flags |= unix.IFF_MULTI_QUEUE
	}
	request, err := unix.NewIfreq(d.ifname)
	if err == nil {
		request.SetUint16(flags)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return &Error{Op: "open", Field: "Name", Value: strconv.Quote(d.ifname), Err: d.explain(err)}
	}
	d.ifname = request.Name()
	return d.adopt(fd)
}

// adopt makes a queue of the descriptor. Only now that it belongs to an interface it can
// be polled.
func (d *device) adopt(fd int) error {
	q, err := newQueue(d, fd)
	d.queues = append(d.queues, q)
	return err
}

// explain says what an error of TUNSETIFF means.
func (d *device) explain(err error) error {
	var why string
	switch {
	case errors.Is(err, unix.EPERM):
		why = "needs CAP_NET_ADMIN, or a persistent interface of this user"
	case errors.Is(err, unix.EBUSY):
		why = "the interface has all of its readers"
	case errors.Is(err, unix.EINVAL) && exists(d.ifname):
		return fmt.Errorf("an interface of another kind, or number of queues, has the name: %w (%w)", fs.ErrExist, err)
	default:
		return os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	return fmt.Errorf("%s: %w", why, os.NewSyscallError("ioctl TUNSETIFF", err))
}

// apply does what the config says about the whole interface. What outlives the device
// comes last.
func (d *device) apply(c *Config) error {
	if c.MTU != 0 {
		if err := d.fail("MTU", strconv.Itoa(c.MTU), d.size.set(c.MTU)); err != nil {
			return err
		}
	}
	persistent := uint32(1)
	for _, s := range []struct {
		field   string
		value   *uint32
		request uint
	}{
		{"Owner", c.Owner, unix.TUNSETOWNER},
		{"Group", c.Group, unix.TUNSETGROUP},
		{"Persistent", &persistent, unix.TUNSETPERSIST},
	} {
		if s.value == nil || s.field == "Persistent" && !c.Persistent {
			continue
		}
		err := unix.IoctlSetInt(d.queues[0].fd, s.request, int(*s.value))
		if err := d.fail(s.field, fmt.Sprint(*s.value), os.NewSyscallError("ioctl TUNSET*", err)); err != nil {
			return err
		}
	}
	return nil
}

// fail returns the error of Open that err is, if it is one.
func (d *device) fail(field, value string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: "open", Name: d.ifname, Field: field, Value: value, Err: err}
}

// start makes what several queues need to be read as one.
func (d *device) start() error {
	if len(d.queues) == 1 {
		return nil
	}
	all, err := newAnyQueue(d)
	d.any = all
	return err
}
