// Package quicspec builds QUIC dialers and listeners on quic-go, and transports and
// servers of HTTP/3, from the schema. Package xquicspec has those on
// golang.org/x/net/quic.
//
// # Mappers and builders
//
// For each message there is a mapper, which checks everything, reads the files that
// it names, opens nothing, and returns the config of package quicx or http3x; the
// caller can put in what only Go can hold (resolvers, callbacks, handlers) and give
// it to the constructor there. A builder does both. Errors join an *spec.Error for
// every bad field, which unwraps to the error of the module. Messages are neither
// changed nor kept.
package quicspec
