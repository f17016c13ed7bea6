// Package access decides by address who may come in. The listeners of all
// protocols use it, so that their Allow, Deny and limits mean the same.
//
// # Rules
//
// [Rules] are prefixes that are allowed or denied, of which the longest decides.
// [ParsePrefix] reads one.
//
// # Counts
//
// [Counts] bound what each [Source] has open: a source is an address, or a prefix
// of the width that [Width] says.
//
// All IPv4-mapped IPv6 addresses and prefixes count as IPv4.
package access
