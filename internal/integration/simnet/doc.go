// Package simnet tests that protocols run on simulated networks as they are: inside and
// outside of synctest bubbles, with and without delay and loss.
package simnet
