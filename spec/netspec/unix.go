package netspec

import (
	"io/fs"
	"strconv"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// mode reads permissions in octal, 0 for nil.
func mode(p *build.Problems, path string, text *string) fs.FileMode {
	if text == nil {
		return 0
	}
	n, err := strconv.ParseUint(*text, 8, 32)
	if err != nil || n > uint64(fs.ModePerm) {
		p.Addf(path, *text, "want permissions in octal, at most 0777")
		return 0
	}
	return fs.FileMode(n)
}

// owner maps the owner of a file; nil stays nil.
func owner(p *build.Problems, path string, m *specv1.ListenConfig_UnixOwner) *listener.UnixOwner {
	if m == nil {
		return nil
	}
	return &listener.UnixOwner{UID: id(p, path+".uid", m.Uid), GID: id(p, path+".gid", m.Gid)}
}

// id is that of the file for nil.
func id(p *build.Problems, path string, v *int64) int {
	switch {
	case v == nil:
		return -1
	case *v < -1 || *v > 1<<32-2:
		p.Addf(path, *v, "must be from -1 to 4294967294")
		return -1
	}
	return build.Int[int](p, path, v)
}
