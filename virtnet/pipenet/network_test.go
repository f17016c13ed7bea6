package pipenet_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

func TestHost(t *testing.T) {
	n := pipenet.New("t")
	assert.Equal(t, "pipet", n.Network())
	assert.Equal(t, "pipe", pipenet.New("").Network())
	h := n.Host("α")
	assert.Same(t, h, n.Host("α"))
	assert.Same(t, h, pipenet.AsVirtNet(n).Host("α"))
	assert.Equal(t, "α", h.Name())
	require.NoError(t, h.Close())
	assert.NotSame(t, h, n.Host("α"), "of a closed host the name is free")
	assert.PanicsWithValue(t, `pipenet: virtnet "pipet": new host "": invalid host name`, func() { n.Host("") })
	require.NoError(t, pipenet.AsVirtNet(n).Close())
	for _, name := range []string{"α", "β"} {
		want := fmt.Sprintf(`pipenet: virtnet "pipet": new host %q: network is down`, name)
		assert.PanicsWithValue(t, want, func() { n.Host(name) })
	}
}

// Everybody who asks for a host at once gets the same.
func TestHostAtOnce(t *testing.T) {
	n := pipenet.New("t")
	for i := range 100 {
		name := fmt.Sprint(i)
		got := make(chan *virtnet.Host)
		for range 4 {
			go func() { got <- n.Host(name) }()
		}
		first := <-got
		for range 3 {
			assert.Same(t, first, <-got)
		}
	}
}

// A host that was closed refuses, as one without listeners does. How many of them are
// remembered is bounded; who is open is not forgotten.
func TestClosedHosts(t *testing.T) {
	n := pipenet.New("t")
	h := n.Host("α")
	refused := func(name string) error {
		_, err := h.Dial(context.Background(), name+":1")
		require.Error(t, err)
		return err
	}
	closed := func(name string) { require.NoError(t, n.Host(name).Close()) }
	closed("old")
	closed("again")
	assert.ErrorIs(t, refused("old"), virtnet.ErrConnRefused)
	n.Host("again")
	for range 2 * pipenet.Remembered {
		closed("the same one")
	}
	assert.ErrorIs(t, refused("the same one"), virtnet.ErrConnRefused)
	for i := range pipenet.Remembered {
		closed(fmt.Sprint("other ", i))
	}
	assert.ErrorIs(t, refused("old"), virtnet.ErrNoHost)
	assert.ErrorIs(t, refused("the same one"), virtnet.ErrNoHost)
	assert.ErrorIs(t, refused("other 0"), virtnet.ErrConnRefused)
	assert.ErrorIs(t, refused("again"), virtnet.ErrConnRefused)
	assert.LessOrEqual(t, pipenet.Known(n), pipenet.Remembered+2)
	require.NoError(t, pipenet.AsVirtNet(n).Close())
}

// The registry says that it is closed, also to those who ask it by themselves.
func TestRegistryDown(t *testing.T) {
	r := pipenet.NewRegistry("ram(x)")
	require.NoError(t, r.Close())
	assert.EqualError(t, r.Announce(t.Context(), "α", "data"), `ram(x): announce ["α" "data"]: registry is down`)
	_, err := r.Query(t.Context(), "α")
	assert.EqualError(t, err, `ram(x): query "α": registry is down`)
	assert.ErrorIs(t, err, virtnet.ErrRegistryDown)
}
