package link

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/netns"
)

// patience is how long to wait for addresses to become usable.
const patience = time.Second

// job is a Setup on its way.
type job struct {
	*Config

	handle *netlink.Handle
	link   netlink.Link
	undo   undo
}

func setup(c *Config) (undo, error) {
	j := &job{Config: c}
	var err error
	lost := netns.Do(c.Netns, func() { j.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE) })
	if lost != nil {
		return nil, j.fail("Netns", strconv.Quote(c.Netns), lost)
	}
	if err != nil {
		return nil, j.fail("", "", fmt.Errorf("netlink: %w", err))
	}
	j.undo = undo{func() error { j.handle.Close(); return nil }}
	for _, step := range []func() error{j.find, j.mtu, j.up, j.addrs, j.await, j.routes, j.rules} {
		if err := step(); err != nil {
			return nil, errors.Join(err, j.undo.run())
		}
	}
	return j.undo, nil
}

// later is called by Close.
func (j *job) later(field string, value any, f func() error) {
	j.undo = append(j.undo, func() error {
		if err := f(); err != nil && !isGone(err) {
			return &Error{Op: "close", Name: j.Name, Field: field, Value: fmt.Sprint(value), Err: err}
		}
		return nil
	})
}

// isGone reports whether what was to be removed, or the interface, is not there.
func isGone(err error) bool {
	for _, errno := range []unix.Errno{unix.ENODEV, unix.ESRCH, unix.EADDRNOTAVAIL, unix.ENOENT} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (j *job) fail(field string, value any, err error) error {
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("needs CAP_NET_ADMIN: %w", err)
	}
	return &Error{Op: "setup", Name: j.Name, Field: field, Value: fmt.Sprint(value), Err: err}
}

func (j *job) find() error {
	link, err := j.handle.LinkByName(j.Name)
	if err != nil {
		return j.fail("Name", strconv.Quote(j.Name), missing(err))
	}
	j.link = link
	return nil
}

// missing gives the library's error for a name that is not there its errno.
func missing(err error) error {
	if _, ok := errors.AsType[netlink.LinkNotFoundError](err); ok {
		return fmt.Errorf("there is no such interface: %w", unix.ENODEV)
	}
	return err
}

func (j *job) mtu() error {
	before := j.link.Attrs().MTU
	if j.MTU == 0 || j.MTU == before {
		return nil
	}
	if err := j.handle.LinkSetMTU(j.link, j.MTU); err != nil {
		return j.fail("MTU", j.MTU, err)
	}
	j.later("MTU", before, func() error { return j.handle.LinkSetMTU(j.link, before) })
	return nil
}

func (j *job) up() error {
	if j.link.Attrs().Flags&net.FlagUp != 0 {
		return nil
	}
	if err := j.handle.LinkSetUp(j.link); err != nil {
		return j.fail("", "", fmt.Errorf("set up: %w", err))
	}
	j.later("", "", func() error { return j.handle.LinkSetDown(j.link) })
	return nil
}

func (j *job) addrs() error {
	for i, p := range j.Addrs {
		addr := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD // usable at once
		}
		field := fmt.Sprintf("Addrs[%d]", i)
		if err := j.handle.AddrAdd(j.link, addr); err != nil {
			return j.fail(field, p, err)
		}
		j.later(field, p, func() error { return j.handle.AddrDel(j.link, addr) })
	}
	return nil
}

// await waits until the kernel has the IPv6 addresses in its local table. It puts them there
// some time after it has accepted them, and drops their packets until then.
func (j *job) await() error {
	end := time.Now().Add(patience)
	for _, p := range j.Addrs {
		for p.Addr().Is6() && time.Now().Before(end) {
			routes, err := j.handle.RouteGet(p.Addr().AsSlice())
			if err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func (j *job) routes() error {
	for i, r := range j.Routes {
		route := r.netlink(j.link.Attrs().Index)
		field := fmt.Sprintf("Routes[%d]", i)
		if err := j.handle.RouteAdd(route); err != nil {
			return j.fail(field, r, err)
		}
		j.later(field, r, func() error { return j.handle.RouteDel(route) })
	}
	return nil
}

func (j *job) rules() error {
	for i, r := range j.Rules {
		rule := r.netlink()
		field := fmt.Sprintf("Rules[%d]", i)
		if err := j.handle.RuleAdd(rule); err != nil {
			return j.fail(field, r, err)
		}
		j.later(field, r, func() error { return j.handle.RuleDel(rule) })
	}
	return nil
}
