package build_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/internal/build"
)

// follower ends some time after its context.
type follower struct{ ended chan struct{} }

func follow(ctx context.Context, lag time.Duration) *follower {
	f := &follower{make(chan struct{})}
	go func() {
		defer close(f.ended)
		<-ctx.Done()
		time.Sleep(lag)
	}()
	build.Follows(ctx, f)
	return f
}

func (f *follower) Close() error {
	<-f.ended
	return nil
}

func (f *follower) over() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// Who stops waits for all, also for what was started within a Bound.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := build.Until(t.Context())
		one := follow(ctx, time.Second)
		two, err := build.Bound(ctx, func(ctx context.Context) (*follower, error) { return follow(ctx, 2*time.Second), nil })
		require.NoError(t, err)
		began := time.Now()
		stop()
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.True(t, one.over())
		assert.True(t, two.over())
		require.Error(t, ctx.Err())
		stop()
		assert.Equal(t, 2*time.Second, time.Since(began), "the second call finds nothing")
	})
}

// A Bound that fails waits for its own alone.
func TestBound_Waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := build.Until(t.Context())
		defer stop()
		other := follow(ctx, 0)
		failed := errors.New("failed")
		own, err := build.Bound(ctx, func(ctx context.Context) (*follower, error) { return follow(ctx, time.Second), failed })
		require.ErrorIs(t, err, failed)
		assert.True(t, own.over())
		assert.False(t, other.over())
	})
}

// A context that lives for long keeps nothing of what follows no files.
func TestBound_FollowsNothing(t *testing.T) {
	own, err := build.Bound(t.Context(), func(ctx context.Context) (context.Context, error) { return ctx, ctx.Err() })
	require.NoError(t, err)
	require.ErrorIs(t, own.Err(), context.Canceled)
	require.NoError(t, t.Context().Err())
}

// What never ends holds nobody up for ever.
func TestUntil_Patience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := build.Until(t.Context())
		hanging := follow(ctx, time.Hour)
		began := time.Now()
		stop()
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.False(t, hanging.over())
		<-hanging.ended
	})
}

// Without an Until there is nobody to tell.
func TestFollows_Nobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, 0)
		cancel()
		require.NoError(t, f.Close())
	})
}
