package sockspec_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/sockspec"
)

// FuzzOptions gives a name text and a number: what is taken is what sockopt.Parse reads,
// and every error knows its field and unwraps to a *sockopt.Error.
func FuzzOptions(f *testing.F) {
	for _, name := range []string{"TCP_KEEPIDLE", "SO_LINGER", "SO_MARK", "SO_MAX_PACING_RATE", "TCP_CONGESTION", "6/4", "06/4", "X", "SO_TYPE", " IP_TTL", "IP_TTL?", "IP_TTL=1", ""} {
		f.Add(name, "30s", 1.5)
		f.Add(name, "off", 0.0)
		f.Add(name, "0x01", math.Inf(1))
		f.Add(name, "1", 1e300)
		f.Add(name, "bbr", -1.0)
	}
	f.Add("TCP_CONGESTION", "-0", 0.0)
	f.Fuzz(func(t *testing.T, name, text string, number float64) {
		checkOne(t, name, structpb.NewStringValue(text), text)
		checkOne(t, name, structpb.NewNumberValue(number), strconv.FormatFloat(number+0, 'f', -1, 64)) // -0 is 0
	})
}

func checkOne(t *testing.T, name string, v *structpb.Value, text string) {
	t.Helper()
	list, err := sockspec.Options(nil, nil, map[string]*structpb.Value{name: v})
	if err == nil {
		want, err := sockopt.Parse(name + "=" + text)
		require.NoError(t, err)
		require.Equal(t, sockopt.Options{sockopt.Prefer(want)}, list)
		return
	}
	require.Nil(t, list)
	errs := spec.Errors(err)
	require.Len(t, errs, 1)
	assert.Equal(t, "prefer."+name, errs[0].Path)
	var own *sockopt.Error
	require.ErrorAs(t, err, &own)
}
