package virtnet

// Plan 9 has texts instead of these.
var errConnRefused, errAddrInUse, errAddrNotAvailable []error
