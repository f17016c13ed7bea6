package pipenet

import "github.com/strata-net/strata/virtnet"

// Remembered is how many closed hosts are known still.
const Remembered = remembered

// NewPipe makes a pipe without a network.
var NewPipe = newPipe

// NewRegistry makes a registry without a network.
func NewRegistry(name string) virtnet.Registry { return newRegistry(name) }

// NewEngine makes an engine without a network.
func NewEngine(n virtnet.Notifier) virtnet.Engine { return &engine{notifier: n} }

// Known is how many names the registry holds.
func Known(n *Network) int {
	n.registry.mu.Lock()
	defer n.registry.mu.Unlock()
	return len(n.registry.hosts)
}
