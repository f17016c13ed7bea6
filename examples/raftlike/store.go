package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// State is what a node must not forget, whatever happens to it.
type State struct {
	Term uint64 `json:"term"`
	Vote string `json:"vote,omitempty"` // for whom, in this term
	Log  Log    `json:"log,omitempty"`
}

// Store keeps the state of a node. Save returns when it is safe.
type Store interface {
	Load() (State, error)
	Save(s State) error
}

// memory is a store for simulated nodes: it survives a crash of the node.
type memory struct {
	mu    sync.Mutex
	state State
}

func (m *memory) Load() (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Log = slices.Clone(s.Log)
	return s, nil
}

func (m *memory) Save(s State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Log = slices.Clone(s.Log)
	m.state = s
	return nil
}

// file is a store in a file, which is replaced as a whole: simple, and good enough
// for a log that is never long.
type file struct{ path string }

func (f file) Load() (State, error) {
	var s State
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

func (f file) Save(s State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(f.path), "state")
	if err != nil {
		return err
	}
	_, err = t.Write(text)
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(t.Name(), f.path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}
