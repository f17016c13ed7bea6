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
	const idle = 500 * time.Millisecond
	for name, config := range map[string]listener.Config{"tracked": {Track: true}, "idle": {IdleTimeout: idle}} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			config.Address = "unix://" + t.TempDir() + "/s"
			l := open(t, &config)
			client, server := pair(t, l)
			for start := time.Now(); time.Since(start) < 2*idle; time.Sleep(idle / 20) {
				n, oobn, err := client.(oobConn).WriteMsgUnix([]byte("x"), syscall.UnixRights(0), nil)
				require.NoError(t, err)
				oob := make([]byte, oobn)
				_, oobn, _, _, err = server.(oobConn).ReadMsgUnix(make([]byte, n), oob)
				require.NoError(t, err)
				messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
				require.NoError(t, err)
				fds, err := syscall.ParseUnixRights(&messages[0])
				require.NoError(t, err)
				require.NoError(t, os.NewFile(uintptr(fds[0]), "passed").Close())
				_, _, err = server.(oobConn).WriteMsgUnix([]byte("y"), nil, nil)
				require.NoError(t, err)
				_, err = client.Read(make([]byte, 1))
				require.NoError(t, err)
			}
			assert.Zero(t, stats(l).CutIdle)
			if config.IdleTimeout == 0 {
				return
			}
			_, _, _, _, err := server.(oobConn).ReadMsgUnix(make([]byte, 1), nil)
			isCut(t, err, "IdleTimeout")
			_, _, err = server.(oobConn).WriteMsgUnix([]byte("z"), nil, nil)
			isCut(t, err, "IdleTimeout")
		})
	}
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
