package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// noiseSize is what the demo compares, in bytes.
const noiseSize = 4 << 20

// noise returns bytes that do not repeat, always the same.
func noise() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), noiseSize) }

// noiseSum returns the checksum of noise.
func noiseSum() string {
	h := sha256.New()
	_, _ = io.Copy(h, noise()) // neither can fail
	return hex.EncodeToString(h.Sum(nil))
}

// newWeb returns the demo's web server: noise to compare, zeros to measure, and a
// sink that says how much it got.
func newWeb() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /noise", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(noiseSize))
		_, _ = io.Copy(w, noise()) // the client sees what is missing
	})
	m.HandleFunc("GET /zeros/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.ParseInt(r.PathValue("size"), 10, 64)
		if err != nil || size < 0 {
			http.Error(w, "the size must be a number of bytes", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", r.PathValue("size"))
		_, _ = io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(zeros{}, size), make([]byte, 256<<10))
	})
	m.HandleFunc("PUT /sink", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, n)
	})
	return m
}
