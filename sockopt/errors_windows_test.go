package sockopt_test

import "golang.org/x/sys/windows"

// errNoOption is what Winsock says for an option that it does not have.
const errNoOption = windows.WSAENOPROTOOPT
