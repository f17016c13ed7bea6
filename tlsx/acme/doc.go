// Package acme gets certificates for a server from a CA that speaks ACME (RFC
// 8555), Let's Encrypt for instance, and renews them.
//
//	m, err := acme.New(&acme.Config{
//		Hosts: []string{"example.com"}, Cache: "/var/lib/example/acme",
//		Email: "ops@example.com", AgreeTerms: true,
//	})
//	...
//	listener, err := tls.Listen("tcp", ":443", m.TLSConfig(nil))
//	...
//	go func() { done <- m.Run(ctx) }()
//
// [New] reads the cache and asks nobody. [Manager.Run] does all the rest, until
// its context ends; it wants the listener to be there, because the CA connects
// to it. No handshake starts or awaits an order: a stranger who asks for names
// costs nothing.
//
// # Rate
//
// One order is in progress at a time. A host that failed is tried again after
// two minutes, then after three times as long each time, or when the CA's
// Retry-After says, if that is later, but after twelve hours at most. A process
// that is started again tries at once.
package acme
