// Command aileron2strata turns the network parts of a configuration of AILERON
// Gateway into documents of the schema strata.v1, and says what has no counterpart.
//
//	aileron2strata gateway.yaml > strata.yaml
//
// docs/aileron.md has the table that it goes by.
package main
