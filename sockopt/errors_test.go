package sockopt_test

import (
	"errors"
	"io/fs"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("invalid argument")
	for want, e := range map[string]*sockopt.Error{
		"sockopt: set TCP_KEEPIDLE=0s on tcp4 at stage established: invalid argument": {
			Op: "set", Option: "TCP_KEEPIDLE", Value: "0s", Network: "tcp4", Stage: sockopt.Established, Err: cause,
		},
		"sockopt: set 6/4=0x01 on udp6: invalid argument": {Op: "set", Option: "6/4", Value: "0x01", Network: "udp6", Err: cause},
		"sockopt: get SO_TYPE on unix: invalid argument":  {Op: "get", Option: "SO_TYPE", Network: "unix", Err: cause},
		"sockopt: parse SO_X=1: invalid argument":         {Op: "parse", Option: "SO_X", Value: "1", Err: cause},
		"sockopt: set: invalid argument":                  {Op: "set", Err: cause},
	} {
		assert.EqualError(t, e, want)
	}
}

func TestErrorUnwraps(t *testing.T) {
	for _, test := range []struct {
		err                     error
		unsupported, permission bool
	}{
		{syscall.EINVAL, false, false},
		{syscall.EPERM, false, true},
		{syscall.EACCES, false, true},
		{errors.ErrUnsupported, true, false},
		{errNoOption, true, false}, // package syscall does not say so
		{fs.ErrPermission, false, true},
	} {
		e := &sockopt.Error{Op: "set", Option: "SO_MARK", Err: test.err}
		joined := errors.Join(errors.New("another"), e)
		for _, err := range []error{e, joined} {
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.unsupported, errors.Is(err, errors.ErrUnsupported), "%v", test.err)
			assert.Equal(t, test.permission, errors.Is(err, fs.ErrPermission), "%v", test.err)
			var as *sockopt.Error
			require.ErrorAs(t, err, &as)
			assert.Same(t, e, as)
		}
		assert.Equal(t, test.err, e.Unwrap())
	}
}

// The kernel says ENOPROTOOPT for an option that it does not have, and the error says so in Go's words too.
func TestKernelLacksOption(t *testing.T) {
	conn, _ := tcpPair(t, "tcp4")
	o := sockopt.Raw(sockopt.TCPNoDelay.Info().Level, 9999, []byte{1, 0, 0, 0})
	err := sockopt.Options{o}.Apply(conn)
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &sockopt.Error{Op: "set", Option: "6/9999", Value: "0x01000000", Network: "tcp4", Err: e.Err}, e)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, err, errNoOption)
	assert.ErrorContains(t, err, runtime.GOOS)

	preferred := sockopt.Options{sockopt.Prefer(o)}
	require.NoError(t, preferred.Apply(conn))
	require.NoError(t, preferred.Verify(conn))
	assert.Equal(t, "cannot be read", preferred.Report(conn)[0].Note, "it might be one that can be set only")
}

// What only other platforms have is refused in the words of package errors, with the name of this one.
func TestPlatformLacksOption(t *testing.T) {
	conn, _ := tcpPair(t, "tcp4")
	_, getErr := sockopt.UserCookie.Get(conn)
	option := sockopt.UserCookie.Value(7)
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	for op, err := range map[string]error{
		"handle":  sockopt.UserCookie.Set(conn, 7),
		"get":     getErr,
		"control": sockopt.Options{option}.Control("tcp4", "", raw),
		"apply":   sockopt.Options{option}.Apply(conn),
		"verify":  sockopt.Options{option}.Verify(conn),
		"check":   sockopt.Options{option}.Check("tcp4"),
	} {
		var e *sockopt.Error
		require.ErrorAs(t, err, &e, op)
		assert.Equal(t, "SO_USER_COOKIE", e.Option)
		require.ErrorIs(t, err, errors.ErrUnsupported, op)
		assert.ErrorContains(t, err, runtime.GOOS+" does not have it", op)
	}
}
