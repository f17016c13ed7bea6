// Package dnswire reads what DNS queries are, and writes answers without records. It takes
// names as they are on the wire: any byte may stand in a label, and its case stays.
package dnswire
