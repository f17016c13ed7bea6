package httpx

// RetryAfter is the parser of the field, for its tests.
var RetryAfter = retryAfter
