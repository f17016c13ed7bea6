package httpx

// ParseProxy reads a proxy as the environment has it.
var ParseProxy = parseProxy
