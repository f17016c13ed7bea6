package quicx_test

import (
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestListener_Retry(t *testing.T) {
	for policy, retries := range map[quicx.RetryPolicy]bool{
		quicx.RetryUnderLoad: false, quicx.RetryNever: false, quicx.RetryAlways: true,
	} {
		t.Run(policy.String(), func(t *testing.T) {
			noLeak(t)
			l := listen(t, &quicx.ListenConfig{Retry: policy})
			serve(t, l)
			echo(t, newClient(t, "127.0.0.1:0").connect(t, l.Addr()), "hello")
			assert.Equal(t, retries, l.Stats().Retries > 0)
		})
	}
	assert.Equal(t, "9", quicx.RetryPolicy(9).String())
}

func TestListener_RetryUnderLoad(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{RetryAbove: 3, HandshakeTimeout: 2 * time.Minute})
	serve(t, l)
	c := newClient(t, "127.0.0.1:0")
	c.connect(t, l.Addr())
	eventually(t, "the server has seen its handshake end", func() bool { s := l.Stats(); return s.Accepted == 1 && s.Pending == 0 })
	assert.Zero(t, l.Stats().Retries)
	flood(t, l.Addr(), 3)
	eventually(t, "three are in progress", func() bool { return l.Stats().Unvalidated == 3 })
	assert.Zero(t, l.Stats().Retries)
	echo(t, c.connect(t, l.Addr()), "hello")
	assert.NotZero(t, l.Stats().Retries)
	assert.EqualValues(t, 3, l.Stats().Unvalidated)
}

// Where places are few, packets in other names do not get all of them.
func TestListener_RetryForTheLastPlaces(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{MaxConns: 9, HandshakeTimeout: 2 * time.Minute})
	flood(t, l.Addr(), 100)
	eventually(t, "they are answered", func() bool { s := l.Stats(); return s.Active+s.Retries == 100 })
	assert.EqualValues(t, 3, l.Stats().Active, "a third")
	c := newClient(t, "127.0.0.1:0")
	for range 6 {
		pair(t, l, c)
	}
	_, err := c.dial(t, l.Addr())
	refused(t, err)
}

// A client that has been there skips the Retry, also at a listener with the same
// key, until its token is too old.
func TestListener_Tokens(t *testing.T) {
	noLeak(t)
	key := make([]byte, 32)
	config := serverTLS(t)
	always := func(key []byte, age time.Duration) *quicx.Listener {
		l := listen(t, &quicx.ListenConfig{Retry: quicx.RetryAlways, TokenKey: key, MaxTokenAge: age, TLS: config})
		serve(t, l)
		return l
	}
	first, second, stranger, strict := always(key, 0), always(key, 0), always(nil, 0), always(key, time.Nanosecond)
	c := newClient(t, "127.0.0.1:0")
	c.quic.TokenStore = quic.NewLRUTokenStore(1, 100)
	dial := func(l *quicx.Listener) (asked bool) {
		before := l.Stats().Retries
		conn := c.connect(t, l.Addr())
		echo(t, conn, "hello") // the token comes along
		conn.CloseWithError(0, "")
		return l.Stats().Retries > before
	}
	require.True(t, dial(first), "it has no token yet")
	assert.False(t, dial(first))
	assert.False(t, dial(second), "the same key")
	assert.True(t, dial(stranger), "another key")
	assert.True(t, dial(first), "the token is the stranger's")
	assert.True(t, dial(strict), "too old")
}

// A listener that starts again ends the conns of its predecessor.
func TestListener_StatelessReset(t *testing.T) {
	for _, same := range []bool{true, false} {
		name := "another key"
		if same {
			name = "same key"
		}
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			key := make([]byte, 32)
			l := listen(t, &quicx.ListenConfig{StatelessResetKey: key, Address: quietAddr(t)})
			c := newClient(t, "127.0.0.1:0")
			if !same {
				c.quic.MaxIdleTimeout = 3 * time.Second // is what ends the conn
			}
			_, conn := pair(t, l, c)
			quicx.Crash(l)

			if !same {
				key = nil
			}
			next := listen(t, &quicx.ListenConfig{StatelessResetKey: key, Address: l.Addr().String()})
			s, err := conn.OpenUniStream()
			require.NoError(t, err)
			_, err = s.Write(make([]byte, 100)) // a short packet would not be answered
			require.NoError(t, err)
			<-conn.Context().Done()
			_, err = conn.AcceptStream(t.Context())
			if same {
				var reset *quic.StatelessResetError
				require.ErrorAs(t, err, &reset)
			} else {
				var timeout *quic.IdleTimeoutError
				require.ErrorAs(t, err, &timeout)
			}
			require.NoError(t, next.Close())
		})
	}
}
