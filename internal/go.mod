module github.com/strata-net/strata/internal

go 1.26.0

require (
	github.com/strata-net/strata/dialer v0.0.0
	github.com/strata-net/strata/listener v0.0.0
	github.com/strata-net/strata/sockopt v0.0.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0
	golang.zx2c4.com/wireguard v0.0.0-20260522210424-ecfc5a8d5446
)

require (
	github.com/pires/go-proxyproto v0.15.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace (
	github.com/strata-net/strata/dialer => ../dialer
	github.com/strata-net/strata/listener => ../listener
	github.com/strata-net/strata/sockopt => ../sockopt
)
