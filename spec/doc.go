// Package spec is the schema of Strata and what builds transports from it.
//
// # Packages
//
// The messages are those of package specv1 (strata/v1). Package document reads
// them from YAML, JSON and protobuf's own forms; netspec, tlsspec, httpspec,
// quicspec, xquicspec, dtlsspec and virtspec build from them, each linking no more
// than it builds; sockspec has the socket options of all. This package has what
// these share: an error that knows the field and the place in the document.
package spec
