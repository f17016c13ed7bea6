module github.com/strata-net/strata/examples

go 1.26.3

require (
	github.com/quic-go/quic-go v0.65.0
	github.com/strata-net/strata/dialer v0.1.0
	github.com/strata-net/strata/dtlsx v0.1.0
	github.com/strata-net/strata/httpx v0.1.0
	github.com/strata-net/strata/listener v0.1.0
	github.com/strata-net/strata/netstack v0.1.0
	github.com/strata-net/strata/quicx v0.1.0
	github.com/strata-net/strata/sockopt v0.1.0
	github.com/strata-net/strata/spec v0.1.0
	github.com/strata-net/strata/tlsx v0.1.0
	github.com/strata-net/strata/tlsx/pki v0.1.0
	github.com/strata-net/strata/tunx v0.1.0
	github.com/strata-net/strata/virtnet v0.1.0
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v4 v4.0.0
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/google/btree v1.1.2 // indirect
	github.com/pion/dtls/v3 v3.1.15 // indirect
	github.com/pion/logging v0.2.4 // indirect
	github.com/pion/transport/v5 v5.0.0 // indirect
	github.com/pires/go-proxyproto v0.15.0 // indirect
	github.com/quic-go/qpack v0.6.0 // indirect
	github.com/vishvananda/netlink v1.3.1 // indirect
	github.com/vishvananda/netns v0.0.5 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/exp v0.0.0-20250711185948-6ae5c78190dc // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	golang.zx2c4.com/wintun v0.0.0-20230126152724-0fa3db229ce2 // indirect
	golang.zx2c4.com/wireguard v0.0.0-20260522210424-ecfc5a8d5446 // indirect
	gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)

replace (
	github.com/strata-net/strata/dialer => ../dialer
	github.com/strata-net/strata/dtlsx => ../dtlsx
	github.com/strata-net/strata/httpx => ../httpx
	github.com/strata-net/strata/listener => ../listener
	github.com/strata-net/strata/netstack => ../netstack
	github.com/strata-net/strata/quicx => ../quicx
	github.com/strata-net/strata/sockopt => ../sockopt
	github.com/strata-net/strata/spec => ../spec
	github.com/strata-net/strata/tlsx => ../tlsx
	github.com/strata-net/strata/tlsx/pki => ../tlsx/pki
	github.com/strata-net/strata/tunx => ../tunx
	github.com/strata-net/strata/virtnet => ../virtnet
)
