package main

import (
	"fmt"
	"slices"
	"strings"
)

// The words of flags that choose one of several.
type (
	udpPolicy  string
	echoPolicy string
	flowFormat string
)

const (
	udpAuto     udpPolicy = "auto"
	udpDirect   udpPolicy = "direct"
	udpTruncate udpPolicy = "truncate"
	udpResolve  udpPolicy = "resolve"
	udpRefuse   udpPolicy = "refuse"

	echoAuto   echoPolicy = "auto"
	echoPass   echoPolicy = "pass"
	echoAnswer echoPolicy = "answer"
	echoDrop   echoPolicy = "drop"

	flowsAuto   flowFormat = "auto"
	flowsTable  flowFormat = "table"
	flowsEvents flowFormat = "events"
	flowsNone   flowFormat = "none"
)

func (p udpPolicy) MarshalText() ([]byte, error)  { return []byte(p), nil }
func (p echoPolicy) MarshalText() ([]byte, error) { return []byte(p), nil }
func (f flowFormat) MarshalText() ([]byte, error) { return []byte(f), nil }

func (p *udpPolicy) UnmarshalText(b []byte) error {
	return choose(p, b, udpAuto, udpDirect, udpTruncate, udpResolve, udpRefuse)
}

func (p *echoPolicy) UnmarshalText(b []byte) error {
	return choose(p, b, echoAuto, echoPass, echoAnswer, echoDrop)
}

func (f *flowFormat) UnmarshalText(b []byte) error {
	return choose(f, b, flowsAuto, flowsTable, flowsEvents, flowsNone)
}

// choose sets a flag to a word, if that is one of those there are.
func choose[T ~string](to *T, word []byte, words ...T) error {
	if !slices.Contains(words, T(word)) {
		var texts []string
		for _, w := range words {
			texts = append(texts, string(w))
		}
		return fmt.Errorf("must be one of %s", strings.Join(texts, ", "))
	}
	*to = T(word)
	return nil
}

// datagrams resolves auto.
func (o *wayOptions) datagrams() udpPolicy {
	switch {
	case o.udp != udpAuto && o.udp != "":
		return o.udp
	case o.proxied():
		return udpTruncate
	}
	return udpDirect
}

// pings resolves auto.
func (o *wayOptions) pings() echoPolicy {
	switch {
	case o.echo != echoAuto && o.echo != "":
		return o.echo
	case o.proxied():
		return echoDrop
	}
	return echoPass
}
