package main

import _ "embed"

// probeSource is compiled into the gateway.
//
//go:embed testdata/probe.go
var probeSource []byte
