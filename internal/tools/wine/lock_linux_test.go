package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "x.lock")
	var log bytes.Buffer
	unlock, err := lock(t.Context(), path, &log)
	if err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 {
		t.Errorf("a free lock said %q", &log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path, &log); !errors.Is(err, context.Canceled) || log.Len() == 0 {
		t.Errorf("taken twice: error %v, said %q", err, &log)
	}
	got := make(chan error)
	go func() {
		again, err := lock(t.Context(), path, &bytes.Buffer{})
		if err == nil {
			again()
		}
		got <- err
	}()
	unlock()
	if err := <-got; err != nil {
		t.Error("after unlock:", err)
	}
}
