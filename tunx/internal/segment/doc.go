// Package segment does in software what an offload leaves to the device: it computes
// transport checksums, and cuts a packet that stands for several into them.
package segment
