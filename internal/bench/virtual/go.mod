module github.com/strata-net/strata/internal/bench/virtual

go 1.26.3

require (
	github.com/strata-net/strata/internal v0.1.0
	github.com/strata-net/strata/virtnet v0.1.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/sys v0.49.0
	google.golang.org/grpc v1.79.3
)

require (
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/pires/go-proxyproto v0.15.0 // indirect
	github.com/strata-net/strata/dialer v0.1.0 // indirect
	github.com/strata-net/strata/listener v0.1.0 // indirect
	github.com/strata-net/strata/sockopt v0.1.0 // indirect
	github.com/strata-net/strata/tlsx v0.1.0 // indirect
	github.com/strata-net/strata/tlsx/pki v0.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)

replace (
	github.com/strata-net/strata/dialer => ../../../dialer
	github.com/strata-net/strata/dtlsx => ../../../dtlsx
	github.com/strata-net/strata/httpx => ../../../httpx
	github.com/strata-net/strata/internal => ../..
	github.com/strata-net/strata/listener => ../../../listener
	github.com/strata-net/strata/quicx => ../../../quicx
	github.com/strata-net/strata/sockopt => ../../../sockopt
	github.com/strata-net/strata/tlsx => ../../../tlsx
	github.com/strata-net/strata/tlsx/pki => ../../../tlsx/pki
	github.com/strata-net/strata/virtnet => ../../../virtnet
)
