package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Between two TCP conns the bytes stay in the kernel: the gateway's read and
// write calls move next to none of them (proc_pid_io(5); splice(2) does not
// count there). With TLS they cannot, which shows that the count means it.
func TestSplice(t *testing.T) {
	const size = 64 << 20
	l := listenTCP(t)
	p := spawn(t, front(l.Addr().String()))
	for _, name := range []string{"tcp", "tcp-tls"} {
		t.Run(name, func(t *testing.T) {
			before := readCalls(t, p.cmd.Process.Pid)
			c := net.Conn(dialTCP(t, p.address(t, name)))
			if name == "tcp-tls" {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			go func() {
				io.Copy(c, noise(size, 4))
				c.Close()
			}()
			assert.Equal(t, digest(t, noise(size, 4)), digest(t, acceptTCP(t, l)))
			moved := readCalls(t, p.cmd.Process.Pid) - before
			t.Logf("%d bytes of %d through read(2)", moved, size)
			if name == "tcp" {
				assert.Less(t, moved, int64(size/64))
			} else {
				assert.GreaterOrEqual(t, moved, int64(size))
			}
		})
	}
}

// readCalls returns how many bytes a process has read with read(2) and its kin.
func readCalls(t *testing.T, pid int) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/io", pid))
	require.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "rchar: "); ok {
			bytes, err := strconv.ParseInt(n, 10, 64)
			require.NoError(t, err)
			return bytes
		}
	}
	t.Fatal("no rchar")
	return 0
}
