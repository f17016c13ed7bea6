// Package fromaileron has the code of docs/guides/from-aileron.md.
package fromaileron
