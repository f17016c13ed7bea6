// Package specv1 has the messages of the schema strata.v1, generated from the
// .proto files beside it.
package specv1
