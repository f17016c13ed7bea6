package virtnet_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/pipenet"
)

// A whole network lives in a bubble of testing/synctest: everything that blocks lets
// the bubble's time go on.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		n := pipenet.New("t")
		l := listen(t, n.Host("server"), "")
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				time.Sleep(time.Hour)
				c.Write([]byte("x"))
				c.Close()
			}
		}()
		for i := range 3 {
			time.Sleep(time.Hour)
			c, err := n.Host("client").Dial(t.Context(), "server:1")
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err = c.Read(make([]byte, 1))
			assert.EqualError(t, err, "read pipet server:2->client:1: i/o timeout")
			assert.True(t, err.(net.Error).Timeout())
			require.NoError(t, c.SetReadDeadline(noTime))
			_, err = c.Read(make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, c.Close())
			assert.Equal(t, time.Duration(i+1)*2*time.Hour, time.Since(begin))
			synctest.Wait()
		}
		require.NoError(t, pipenet.AsVirtNet(n).Close())
	})
}
