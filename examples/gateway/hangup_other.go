//go:build !js

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyHangup makes SIGHUP arrive on c. Windows never sends it.
func notifyHangup(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }
