package listener

import (
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// applyStage sets the options of one stage on a socket of package net. It takes
// the raw conn because Options.Apply would have to ask the kernel what is known
// here.
func applyStage(stage sockopt.Stage, o sockopt.Options, local net.Addr, socket any) error {
	if len(o) == 0 {
		return nil
	}
	raw, err := rawConn(socket)
	if err == nil {
		err = o.ApplyStage(stage, sockopt.NetworkOf(local), raw)
	}
	return err
}

// control calls f with the descriptor of a socket of package net.
func control(socket any, f func(fd uintptr)) error {
	raw, err := rawConn(socket)
	if err == nil {
		err = raw.Control(f)
	}
	return err
}

// rawConn returns the raw conn that all listeners and conns of package net have.
func rawConn(socket any) (syscall.RawConn, error) {
	return socket.(syscall.Conn).SyscallConn()
}

// accepted returns the options that an accepted conn needs: those of the
// established stage and those that it does not inherit.
func accepted(o sockopt.Options) sockopt.Options {
	var list sockopt.Options
	for _, option := range o {
		if i := option.Info(); i.Stage == sockopt.Established || i.Role == sockopt.SetAgain {
			list = append(list, option)
		}
	}
	return list
}
