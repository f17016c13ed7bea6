package tun_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/strata-net/strata/tunx/tun"
)

// TestNoDriver: without wintun.dll the error says what is missing.
func TestNoDriver(t *testing.T) {
	if h, err := windows.LoadLibraryEx("wintun.dll", 0, windows.LOAD_LIBRARY_SEARCH_APPLICATION_DIR|windows.LOAD_LIBRARY_SEARCH_SYSTEM32); err == nil {
		windows.FreeLibrary(h)
		t.Skip("wintun.dll is there")
	}
	for name, c := range map[string]*tun.Config{"Strata": nil, "mine": {Name: "mine", MTU: 1280}} {
		_, err := tun.Open(c)
		var e *tun.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "open", e.Op)
		assert.Equal(t, name, e.Name)
		require.ErrorIs(t, err, windows.ERROR_MOD_NOT_FOUND)
		assert.ErrorContains(t, err, "tun: open "+name+": needs wintun.dll (wintun.net) beside the program or in the system's folder: ")
	}
}

func TestNames(t *testing.T) {
	for want, name := range map[string]string{
		"is longer than 127 characters": strings.Repeat("x", 128),
		"must not have a zero byte":     "a\x00b",
	} {
		_, err := tun.Open(&tun.Config{Name: name})
		assert.ErrorContains(t, err, want)
	}
}

func TestNoDescriptors(t *testing.T) {
	_, err := tun.FromFD(0, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = tun.FromFile(nil, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "tun: open: TUN interfaces from a file on windows: unsupported operation", err.Error())
}
