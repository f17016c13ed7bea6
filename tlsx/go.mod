module github.com/strata-net/strata/tlsx

go 1.26.0

require (
	github.com/fsnotify/fsnotify v1.10.1
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/crypto v0.58.0
	software.sslmate.com/src/go-pkcs12 v0.7.4
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/strata-net/strata/tlsx/pki => ./pki
