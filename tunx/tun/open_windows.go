package tun

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf16"

	"golang.org/x/sys/windows"
	"golang.zx2c4.com/wireguard/tun"
)

const (
	defaultName = "Strata"
	maxName     = 127 // MAX_ADAPTER_NAME of wintun.h, without the zero
)

func checkName(name string) error {
	switch {
	case len(utf16.Encode([]rune(name))) > maxName:
		return fmt.Errorf("is longer than %d characters", maxName)
	case strings.ContainsRune(name, 0):
		return errors.New("must not have a zero byte")
	}
	return nil
}

func open(c *Config) (*device, error) {
	name := c.Name
	if name == "" {
		name = defaultName
	}
	native, err := tun.CreateTUN(name, c.MTU)
	if err != nil {
		return nil, &Error{Op: "open", Name: name, Err: explain(err)}
	}
	return newDevice(native, name, 0)
}

// explain says what an error of the library means.
func explain(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_MOD_NOT_FOUND):
		return fmt.Errorf("needs wintun.dll (wintun.net) beside the program or in the system's folder: %w", err)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("needs an administrator: %w", err)
	}
	return err
}

func fromFD(uintptr, *Config) (*device, error) {
	return nil, &Error{Op: "open", Err: unsupported("TUN interfaces from a descriptor")}
}

func fromFile(*os.File, *Config) (*device, error) {
	return nil, &Error{Op: "open", Err: unsupported("TUN interfaces from a file")}
}
