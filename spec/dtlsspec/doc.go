// Package dtlsspec builds DTLS dialers and listeners from the schema.
//
// # Mappers and builders
//
// [DialConfig] and [ListenConfig] make the configs of package dtlsx: they check
// everything, and open nothing but the files that the message names. What only Go
// can hold is set in the config afterwards: Resolver, OnEvent, a key log or a
// session store of one's own, callbacks of PSK and of *tls.Config.
// [NewDialerFromSpec] and [NewListenerFromSpec] go on to the dialer and the
// listener.
//
// # Errors
//
// All errors are *spec.Errors, joined: one for each bad field.
package dtlsspec
