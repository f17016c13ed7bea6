// Package results has what the programs of internal/bench measured, in files for machines: docs/plots/data.
package results
