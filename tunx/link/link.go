package link

import (
	"errors"
	"slices"
	"sync"
)

// Link is an interface that [Setup] has set up. Its methods may be called at the same time.
type Link struct {
	once sync.Once
	undo undo
	name string
}

// undo takes back, the last thing first.
type undo []func() error

func (u undo) run() error {
	var errs []error
	for _, f := range slices.Backward(u) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// Setup sets the interface up and gives it what the config says. It returns when IPv6
// addresses can be used, but waits for that one second at most: without a carrier they
// cannot. When something fails it
// takes back what it has done, and returns both errors if that fails too.
func Setup(cfg *Config) (*Link, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	undo, err := setup(cfg)
	if err != nil {
		return nil, err
	}
	return &Link{undo: undo, name: cfg.Name}, nil
}

// Close removes the rules, routes and addresses that Setup has added, and makes the MTU,
// and whether the interface is up, what they were. What is gone already is no error, nor
// is it when the interface is gone. A second Close does nothing.
func (l *Link) Close() error {
	var err error
	l.once.Do(func() { err = l.undo.run() })
	return err
}
