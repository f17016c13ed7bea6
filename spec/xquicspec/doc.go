// Package xquicspec builds QUIC dialers and listeners on golang.org/x/net/quic from
// the schema, as package quicspec does on quic-go, which it does not link. Its
// messages have no field for what that engine lacks: 0-RTT, datagrams, Retry under
// load, shards and more, see package xquic.
//
// # Mappers and builders
//
// For each message there is a mapper, which checks everything, reads the files that
// it names, opens nothing, and returns the config of package xquic; and a builder,
// which does both. Errors join an *spec.Error for every bad field, which unwraps to
// the error of the module. Messages are neither changed nor kept.
package xquicspec
