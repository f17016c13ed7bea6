package main

import (
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// environment looks up what ${NAME} in a document stands for; nil: it is text.
type environment func(name string) (string, bool)

// LoadFile reads and checks a document. Its error joins everything that is wrong,
// each with its line and path.
func LoadFile(name string, env environment) (*Config, error) {
	c := &check{dir: filepath.Dir(name)}
	if _, err := document.Load(name, &specv1.Gateway{}, c.options(env)); err != nil {
		return nil, err
	}
	return c.config, nil
}

// Load checks a document. name stands in the errors, and files that the document
// names are looked for in its folder.
func Load(name string, data []byte, env environment) (*Config, error) {
	c := &check{dir: filepath.Dir(name)}
	if _, err := document.Unmarshal(name, data, &specv1.Gateway{}, c.options(env)); err != nil {
		return nil, err
	}
	return c.config, nil
}

// A check turns a document into a Config while it is read.
type check struct {
	dir    string // where relative file names start
	config *Config
}

func (c *check) options(env environment) *document.Options {
	return &document.Options{Env: env, Check: c.check}
}

// check returns what is wrong with a document that has its form.
func (c *check) check(m proto.Message) error {
	own := proto.CloneOf(m.(*specv1.Gateway))
	if err := absolute(own, c.dir); err != nil {
		return err
	}
	ps := &problems{}
	c.config = newConfig(own, ps)
	return ps.err()
}

// load returns the configuration to run.
func (f *flags) load() (*Config, error) {
	if f.config == "" {
		return Load("gateway.yaml", defaultConfig, f.environment())
	}
	return LoadFile(f.config, f.environment())
}
