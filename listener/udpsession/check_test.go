package udpsession_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

func TestCheck(t *testing.T) {
	noLeak(t)
	for _, c := range []*udpsession.Config{
		nil,
		{Address: "tcp://127.0.0.1:0"},
		{Address: "nowhere", MaxSessions: -1, OnFull: 9},
	} {
		_, err := udpsession.Listen(t.Context(), c)
		require.Error(t, err)
		assert.EqualError(t, c.Check(), err.Error())
	}
	l, err := udpsession.Listen(t.Context(), &udpsession.Config{Address: "127.0.0.1:0"})
	require.NoError(t, err)
	defer l.Close()
	c := &udpsession.Config{Address: l.Addr().String()}
	require.NoError(t, c.Check(), "opens nothing")
	assert.Equal(t, &udpsession.Config{Address: l.Addr().String()}, c)
}
