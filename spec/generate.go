package spec

// What is generated, in the order in which one follows from the other: the messages
// of the socket options from the tables of module sockopt, the Go code from the
// messages, JSON Schema and the reference from their comments.
//
//go:generate env GOWORK=off go run -C ../internal/tools ./sockoptgen
//go:generate env GOWORK=off go tool -modfile=../internal/tools/buf/go.mod buf generate
//go:generate env GOWORK=off go run -C ../internal/tools ./specgen
