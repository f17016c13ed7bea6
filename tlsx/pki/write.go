package pki

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

var errFileName = errors.New("is not the name of a file in a folder")

// Write writes the chain to dir/name.pem, mode 0644, and the key to
// dir/name.key, mode 0600, and returns their paths. Files that are there are
// replaced, each one at once, the key first; on Windows that waits up to a second
// for whoever has one open. dir must exist.
func (c *Certificate) Write(dir, name string) (certFile, keyFile string, err error) {
	if name == "" || strings.ContainsAny(name, "/\\:\x00") {
		return "", "", &Error{Op: "write", Field: "name", Value: name, Err: errFileName}
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	if err = replace(keyFile, c.KeyPEM(), 0o600); err == nil {
		err = replace(certFile, c.ChainPEM(), 0o644)
	}
	if err != nil {
		return "", "", &Error{Op: "write", Field: "dir", Value: dir, Err: err}
	}
	return certFile, keyFile, nil
}

// replace puts a file with text at path, so that who reads it finds the old or
// the new one whole.
func replace(path string, text []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pki-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
