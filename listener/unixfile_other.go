//go:build !linux && !darwin && !freebsd && !openbsd && !netbsd && !dragonfly

package listener

import (
	"context"
	"errors"
	"io/fs"
	"net"
)

// ownFiles says that package net creates and removes the files here.
const ownFiles = false

type socketFile struct{}

func createSocket(context.Context, *Config, address, func() (net.Listener, error)) (net.Listener, *socketFile, error) {
	return nil, nil, errors.ErrUnsupported
}

func restrict(uintptr, fs.FileMode) error { return errors.ErrUnsupported }

func (f *socketFile) leave() {}

func (f *socketFile) remove() error { return nil }
