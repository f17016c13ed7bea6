module github.com/strata-net/strata/httpx

go 1.26.0

require (
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
)

require (
	github.com/strata-net/strata/tlsx/pki v0.1.0
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/strata-net/strata/tlsx/pki => ../tlsx/pki
