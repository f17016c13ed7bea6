package httpx

import "io"

// IsServerBody says whether the server watches the body.
func IsServerBody(r io.ReadCloser) bool {
	_, ok := r.(*serverBody)
	return ok
}
