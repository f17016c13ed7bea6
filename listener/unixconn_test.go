//go:build unix

package listener_test

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// oobConn is what passes descriptors.
type oobConn interface {
	ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
	WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error)
}

func TestDescriptorsPassedAreTraffic(t *testing.T) {
	for name, idles := range map[string]bool{"tracked": false, "idle": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			patiently(t, 500*time.Millisecond, func(idle time.Duration, p *pulse) error {
				config := listener.Config{Address: "unix://" + t.TempDir() + "/s", Track: true}
				if idles {
					config.IdleTimeout = idle
				}
				l := open(t, &config)
				defer l.Close()
				client, server := pair(t, l)
				if err := moves(l, idle, p, func() error { return passDescriptor(client, server) }); err != nil || !idles {
					return err
				}
				_, _, _, _, err := server.(oobConn).ReadMsgUnix(make([]byte, 1), nil)
				isCut(t, err, "IdleTimeout")
				_, _, err = server.(oobConn).WriteMsgUnix([]byte("z"), nil, nil)
				isCut(t, err, "IdleTimeout")
				return nil
			})
		})
	}
}

// passDescriptor sends one with a byte, and a byte back.
func passDescriptor(client, server net.Conn) error {
	n, oobn, err := client.(oobConn).WriteMsgUnix([]byte("x"), syscall.UnixRights(0), nil)
	if err != nil {
		return err
	}
	oob := make([]byte, oobn)
	if _, oobn, _, _, err = server.(oobConn).ReadMsgUnix(make([]byte, n), oob); err != nil {
		return err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return err
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	if err := os.NewFile(uintptr(fds[0]), "passed").Close(); err != nil {
		return err
	}
	if _, _, err := server.(oobConn).WriteMsgUnix([]byte("y"), nil, nil); err != nil {
		return err
	}
	_, err = client.Read(make([]byte, 1))
	return err
}

func TestAPacketIsNeverSplit(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "unixpacket://" + t.TempDir() + "/s", IdleTimeout: time.Hour})
	client, server := pair(t, l)
	const size = 100_000 // more than a chunk
	require.NoError(t, server.(interface{ SetWriteBuffer(n int) error }).SetWriteBuffer(2*size))
	n, err := server.Write(make([]byte, size))
	require.NoError(t, err)
	assert.Equal(t, size, n)
	n, err = client.Read(make([]byte, 2*size))
	require.NoError(t, err)
	assert.Equal(t, size, n)
}
