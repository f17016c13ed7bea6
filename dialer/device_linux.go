package dialer

import "github.com/strata-net/strata/sockopt"

// checkDevice says why there cannot be an interface of the name. It need not exist yet.
func checkDevice(name string) error {
	return sockopt.Options{sockopt.BindToDevice.Value(name)}.Check("")
}

// onDevice returns a Control that binds to the interface, if there is a name, and sets the options.
func onDevice(name string, bind sockopt.Options) control {
	if name != "" {
		bind = append(bind, sockopt.BindToDevice.Value(name))
	}
	return newControl(bind)
}
