// Package dnsintercept takes the DNS queries out of the datagrams of a proxy's sessions,
// and answers them in another way: by a function, over TCP or TLS, over HTTPS
// (dnsintercept/doh), or with the word that the answer is too long for UDP.
//
// # Resolvers
//
// All ways are a [Resolver], so that one can stand before another.
package dnsintercept
