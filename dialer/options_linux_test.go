package dialer_test

import (
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/net/nettest"
)
