//go:build !plan9

package virtnet_test

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet"
)

// Programs that look for the system's numbers find them.
func TestErrnos(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: virtnet.ErrConnRefused}
	assert.ErrorIs(t, refused, syscall.ECONNREFUSED)
	assert.ErrorIs(t, virtnet.ErrAddrAlreadyUsed, syscall.EADDRINUSE)
	assert.ErrorIs(t, virtnet.ErrAddrNoListen, syscall.EADDRNOTAVAIL)
	assert.NotErrorIs(t, refused, syscall.EADDRINUSE)
	assert.NotErrorIs(t, refused, os.ErrNotExist)
	if runtime.GOOS == "windows" { // Winsock's numbers
		assert.ErrorIs(t, refused, syscall.Errno(10061))
		assert.ErrorIs(t, virtnet.ErrAddrAlreadyUsed, syscall.Errno(10048))
		assert.ErrorIs(t, virtnet.ErrAddrNoListen, syscall.Errno(10049))
	}
}
