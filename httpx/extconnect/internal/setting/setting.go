// Package setting changes GODEBUG before net/http is initialised.
//
// Packages are initialised in the order of their import paths, each as soon as
// all that it imports are (Go specification, "Program initialization"). This one
// imports only what net/http needs too, and its path is before "net/http".
package setting

import (
	"os"
	"strings"
)

const (
	name    = "GODEBUG"
	setting = "http2xconnect="
	wanted  = setting + "1"
)

var before, present = os.LookupEnv(name)

func init() { //nolint:gochecknoinits // the moment is what this package is for
	if strings.Contains(before, setting) {
		return // who runs the program has decided
	}
	value := wanted
	if before != "" {
		value = before + "," + wanted
	}
	os.Setenv(name, value) // httpx.ExtendedConnectOffered tells the outcome
}

// Restore puts the variable back to what it was, so that child processes do not
// inherit the change.
func Restore() {
	if present {
		os.Setenv(name, before)
	} else {
		os.Unsetenv(name)
	}
}
