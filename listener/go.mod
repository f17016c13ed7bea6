module github.com/strata-net/strata/listener

go 1.26.0

require (
	github.com/pires/go-proxyproto v0.15.0
	github.com/strata-net/strata/sockopt v0.1.0
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0
	golang.org/x/time v0.16.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace (
	github.com/strata-net/strata/sockopt => ../sockopt
	github.com/strata-net/strata/tlsx/pki => ../tlsx/pki
)
