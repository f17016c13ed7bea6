package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed native/udp.c
var source []byte

// buildNative builds the C program in a folder.
func buildNative(folder string) (string, error) {
	file := filepath.Join(folder, "udp.c")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "udp")
	//nolint:noctx // gcc ends by itself
	out, err := exec.Command("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("gcc: %w: %s", err, out)
	}
	return program, nil
}
