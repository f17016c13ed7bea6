package listener

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The environment of sd_listen_fds(3).
const (
	envPID    = "LISTEN_PID"
	envFDs    = "LISTEN_FDS"
	envNames  = "LISTEN_FDNAMES"
	envInodes = "STRATA_LISTEN_INODES" // set by Pass instead of LISTEN_PID
)

// firstFD is SD_LISTEN_FDS_START; only tests set it.
var firstFD = 3

// unnamed is the name that sd_listen_fds_with_names(3) gives to descriptors
// when LISTEN_FDNAMES is not set.
const unnamed = "unknown"

// systemd finds the descriptors of a systemd:// address.
type systemd func(address) ([]address, error)

// expected stands for descriptors that are not looked for.
func expected(a address) ([]address, error) {
	a.fd = -1
	return []address{a}, nil
}

// activated returns an address for each inherited descriptor of the name a.text,
// or for all if that is empty.
func activated(a address) ([]address, error) {
	count, err := inheritedCount()
	if err != nil {
		return nil, err
	}
	inodes, err := meantForUs(count)
	if err != nil {
		return nil, err
	}
	names, err := inheritedList(envNames, count)
	if err != nil {
		return nil, err
	}
	var list []address
	for i := range count {
		name := unnamed
		if names != nil {
			name = names[i]
		}
		if a.text != "" && a.text != name {
			continue
		}
		a.fd = firstFD + i
		if inodes != nil {
			a.inode = inodes[i]
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no inherited descriptor has this name: %s=%s", envNames, os.Getenv(envNames))
	}
	return list, nil
}

func inheritedCount() (int, error) {
	text := os.Getenv(envFDs)
	if text == "" {
		return 0, errors.New("the process inherited no descriptors: " + envFDs + " is not set")
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 || n > maxSockets {
		return 0, fmt.Errorf("%s=%s is not a number from 1 to %d", envFDs, text, maxSockets)
	}
	return int(n), nil
}

// meantForUs checks that the variables were not left by a process further up. It
// returns the inodes that the descriptors must have, if Pass has written them.
func meantForUs(count int) ([]string, error) {
	text := os.Getenv(envPID)
	if text == "" {
		inodes, err := inheritedList(envInodes, count)
		if err == nil && inodes == nil {
			err = errors.New(envPID + " is not set")
		}
		return inodes, err
	}
	pid, err := strconv.ParseUint(text, 10, 31)
	switch {
	case err != nil || pid == 0:
		return nil, fmt.Errorf("%s=%s is not the number of a process", envPID, text)
	case int(pid) != os.Getpid():
		return nil, fmt.Errorf("the descriptors are for another process: %s=%s, and this is %d", envPID, text, os.Getpid())
	}
	return nil, nil
}

// inheritedList splits a variable that has an entry for each descriptor. It
// returns nil if the variable is not set.
func inheritedList(name string, count int) ([]string, error) {
	text, found := os.LookupEnv(name)
	if !found {
		return nil, nil
	}
	list := strings.Split(text, ":")
	if len(list) != count {
		return nil, fmt.Errorf("%s=%s has %d entries for %d descriptors", name, text, len(list), count)
	}
	return list, nil
}
