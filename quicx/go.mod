module github.com/strata-net/strata/quicx

go 1.26.0

require (
	github.com/quic-go/quic-go v0.65.0
	github.com/strata-net/strata/sockopt v0.1.0
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/quic-go/qpack v0.6.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/strata-net/strata/sockopt => ../sockopt

replace github.com/strata-net/strata/tlsx/pki => ../tlsx/pki
