module github.com/strata-net/strata/examples/otel

go 1.26.0

require (
	github.com/strata-net/strata/dialer v0.1.0
	github.com/strata-net/strata/httpx v0.1.0
	github.com/strata-net/strata/listener v0.1.0
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/stretchr/testify v1.12.1
	go.opentelemetry.io/otel v1.47.0
	go.opentelemetry.io/otel/exporters/stdout/stdouttrace v1.47.0
	go.opentelemetry.io/otel/sdk v1.47.0
	go.opentelemetry.io/otel/trace v1.47.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/pires/go-proxyproto v0.15.0 // indirect
	github.com/strata-net/strata/sockopt v0.1.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace (
	github.com/strata-net/strata/dialer => ../../dialer
	github.com/strata-net/strata/httpx => ../../httpx
	github.com/strata-net/strata/listener => ../../listener
	github.com/strata-net/strata/sockopt => ../../sockopt
	github.com/strata-net/strata/tlsx/pki => ../../tlsx/pki
)
