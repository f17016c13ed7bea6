// Package tlsspec builds TLS from the schema: a *tls.Config, or a *tlsx.Source
// that follows its files.
//
// # Builders
//
//	config, err := tlsspec.TLSConfig(m)          // read once
//	source, err := tlsspec.NewSource(ctx, m)     // with m.reload: follows the files
//
// # Errors
//
// Errors are *spec.Errors, all problems joined, with paths from the message:
// certificates[1].key, client_cas.from[0]. They unwrap to the *tlsx.Error and to
// its cause, and never hold a key or a password. Messages are neither changed nor
// kept.
//
// What only Go can hold has no field: Config.Time, Certificate.Signer,
// Certificate.Value and Reload.OnReload. Who needs them takes the config of
// [TLSXConfig], sets them, and calls tlsx.New or tlsx.NewSource.
package tlsspec
