package tlsx

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
)

var errNotRegular = errors.New("is there, and not a regular file")

// keyLog appends to the file of its name. It holds no descriptor between the
// writes: a *tls.Config has no Close, so nobody could give it back. crypto/tls
// writes a whole line at once, and O_APPEND keeps lines whole among processes.
type keyLog string

// Write appends one line. What fails here fails the handshake.
func (path keyLog) Write(line []byte) (int, error) {
	f, err := path.open()
	if err != nil {
		return 0, err
	}
	n, err := f.Write(line)
	return n, errors.Join(err, f.Close())
}

// open refuses what others read along, and devices and pipes, which could block.
func (path keyLog) open() (*os.File, error) {
	info, err := os.Stat(string(path))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	default:
		if err := private(string(path)); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(string(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// checkKeyLog makes the path independent of the working directory to come.
func (c *Config) checkKeyLog(p *problems) {
	if c.KeyLog == "" {
		return
	}
	path, err := filepath.Abs(c.KeyLog)
	p.add("config", "KeyLog", c.KeyLog, err)
	c.KeyLog = path
}

// openKeyLog tries whether the file can be written to.
func (c *Config) openKeyLog(p *problems) {
	if c.KeyLog == "" {
		return
	}
	f, err := keyLog(c.KeyLog).open()
	if err == nil {
		err = f.Close()
	}
	p.add("load", "KeyLog", c.KeyLog, err)
}

func (c *Config) logKeys(t *tls.Config) {
	if c.KeyLog != "" {
		t.KeyLogWriter = keyLog(c.KeyLog)
	}
}
