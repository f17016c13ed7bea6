package forward_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
)

func TestFlow(t *testing.T) {
	for name, address := range map[string]string{"ipv4": server4, "ipv6": server6} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			s, f := open(t, &forward.Config{Streams: to(serve(t, echo))})
			c := dial(t, s, net.JoinHostPort(address, "80"))
			for range 3 {
				_, err := c.Write([]byte("hello"))
				require.NoError(t, err)
				got := make([]byte, 5)
				_, err = io.ReadFull(c, got)
				require.NoError(t, err)
				assert.Equal(t, "hello", string(got))
			}
			assert.Equal(t, 1, f.Stats().Flows)
			require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
			_, err := c.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err)
		})
	}
}
