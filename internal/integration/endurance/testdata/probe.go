package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

// Package endurance compiles this file into the gateway, to see into it while it runs.
func init() {
	path := os.Getenv("STRATA_ENDURANCE_PROBE")
	if path == "" {
		return
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/sizes", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("collect") != "" {
			runtime.GC() // twice: what pools hold survives the first time
			debug.FreeOSMemory()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		json.NewEncoder(w).Encode(map[string]int64{
			"goroutines": int64(runtime.NumGoroutine()), "heap": int64(m.HeapAlloc), "seconds": time.Now().Unix(),
		})
	})
	mux.HandleFunc("/stacks", func(w http.ResponseWriter, _ *http.Request) {
		pprof.Lookup("goroutine").WriteTo(w, 1)
	})
	mux.HandleFunc("/heap", func(w http.ResponseWriter, _ *http.Request) {
		pprof.Lookup("heap").WriteTo(w, 0)
	})
	s := &http.Server{Handler: mux}
	s.SetKeepAlivesEnabled(false)
	go s.Serve(l)
}
