package listener

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// Named is a name with the sockets that it stands for: the NAME of
// "systemd://NAME".
type Named struct {
	// Name has 1 to 255 printable ASCII characters and no colon.
	Name string
	// Files are the sockets, as the Files of a listener returns them. They stay
	// the caller's: close them when the process has been started.
	Files []*os.File
}

// Pass lets a process inherit sockets in the way of sd_listen_fds(3): as the
// descriptors from 3 on, which LISTEN_FDS counts and LISTEN_FDNAMES names. A
// listener with the address "systemd://NAME" takes them there. Call it once,
// before cmd is started; files that are added to cmd.ExtraFiles afterwards get
// the numbers that follow.
//
// The protocol wants the number of the new process in LISTEN_PID, which nobody
// knows before that exists. Pass leaves it out, and gives the inodes of the
// sockets instead: "systemd://" takes those for the same proof that the
// descriptors are meant for it. A program that insists on LISTEN_PID needs a
// shell that sets it:
//
//	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, program, "-its", "arguments")
//
// An error leaves cmd as it was. Unix only.
func Pass(cmd *exec.Cmd, sockets ...Named) error {
	var files []*os.File
	var names, inodes []string
	var errs []error
	fail := func(value string, err error) {
		errs = append(errs, &Error{Op: "pass", Field: "Named", Value: value, Err: err})
	}
	for _, n := range sockets {
		if err := checkName(n.Name); err != nil {
			fail(n.Name, err)
		}
		for _, f := range n.Files {
			id, err := passable(f)
			if err != nil {
				fail(n.Name, err)
			}
			files, names, inodes = append(files, f), append(names, n.Name), append(inodes, id)
		}
		if len(n.Files) == 0 {
			fail(n.Name, errors.New("has no files"))
		}
	}
	switch {
	case cmd == nil:
		fail("", errors.New("the command is nil"))
	case len(cmd.ExtraFiles) > 0:
		fail("", errors.New("the sockets must be the first of cmd.ExtraFiles, which has some already"))
	case len(files) == 0 || len(files) > maxSockets:
		fail("", fmt.Errorf("%d sockets, which is not from 1 to %d", len(files), maxSockets))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	cmd.ExtraFiles = files
	cmd.Env = passEnvironment(cmd.Environ(), names, inodes)
	return nil
}

// passEnvironment replaces what this process was told about its own descriptors.
func passEnvironment(env, names, inodes []string) []string {
	env = slices.DeleteFunc(env, func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return slices.Contains([]string{envPID, envFDs, envNames, envInodes, "LISTEN_PIDFDID"}, name)
	})
	return append(env,
		envFDs+"="+strconv.Itoa(len(names)),
		envNames+"="+strings.Join(names, ":"),
		envInodes+"="+strings.Join(inodes, ":"))
}

// checkName takes what systemd takes (fdname_is_valid).
func checkName(s string) error {
	bad := func(r rune) bool { return r < ' ' || r >= 0x7f || r == ':' }
	if s == "" || len(s) > 255 || strings.ContainsFunc(s, bad) {
		return errors.New("is not 1 to 255 printable ASCII characters without a colon")
	}
	return nil
}

// passable returns the inode of a file that can be passed on.
func passable(f *os.File) (string, error) {
	if f == nil {
		return "", errors.New("a file is nil")
	}
	return fileInode(f)
}
