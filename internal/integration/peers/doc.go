// Package peers holds tests in which programs of other people talk to the
// gateway, and to servers and clients of this repository: curl, nghttp, h2load,
// h2spec, slowhttptest, Chromium, openssl, gnutls-cli, gnutls-serv. A test that
// lacks its program is skipped and names it; with CI=true it fails, since CI
// installs all of them.
package peers
