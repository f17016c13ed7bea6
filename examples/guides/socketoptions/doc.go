// Package socketoptions has the code of docs/guides/socket-options.md.
package socketoptions
