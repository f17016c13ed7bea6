module github.com/strata-net/strata/examples/prometheus

go 1.26.3

require (
	github.com/prometheus/client_golang v1.25.0
	github.com/strata-net/strata/dtlsx v0.1.0
	github.com/strata-net/strata/httpx v0.1.0
	github.com/strata-net/strata/listener v0.1.0
	github.com/strata-net/strata/netstack v0.1.0
	github.com/strata-net/strata/quicx v0.1.0
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/strata-net/strata/tunx v0.1.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/google/btree v1.1.2 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/pion/dtls/v3 v3.1.15 // indirect
	github.com/pion/logging v0.2.4 // indirect
	github.com/pion/transport/v5 v5.0.0 // indirect
	github.com/pires/go-proxyproto v0.15.0 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/quic-go/quic-go v0.65.0 // indirect
	github.com/strata-net/strata/sockopt v0.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/exp v0.0.0-20250711185948-6ae5c78190dc // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237 // indirect
)

replace (
	github.com/strata-net/strata/dtlsx => ../../dtlsx
	github.com/strata-net/strata/httpx => ../../httpx
	github.com/strata-net/strata/listener => ../../listener
	github.com/strata-net/strata/netstack => ../../netstack
	github.com/strata-net/strata/quicx => ../../quicx
	github.com/strata-net/strata/sockopt => ../../sockopt
	github.com/strata-net/strata/tlsx/pki => ../../tlsx/pki
	github.com/strata-net/strata/tunx => ../../tunx
)
