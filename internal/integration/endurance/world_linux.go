package main

import (
	"errors"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
)

// Addresses: clients are in the namespace of this process, the gateway and the upstreams have one each.
const (
	clientAddress  = "10.90.0.1/24"
	gatewayHost    = "10.90.0.2"
	backAddress    = "10.91.0.1/24" // the gateway's, towards the upstreams
	firstUpstream  = "10.91.0.2"
	secondUpstream = "10.91.0.3"

	frontLink = "front" // devices; both ends have the same name
	backLink  = "back"
)

// A world is clients, gateway and upstreams in a namespace each, with a link between neighbours.
type world struct {
	gateway, upstreams place
}

// A place is a namespace, and a thread in it that starts processes: they end with the thread, which ends with this
// process, however it ends.
type place struct {
	space *lab.Namespace
	calls chan func()
	ended chan struct{}
}

func newPlace() (place, error) {
	n, err := lab.NewNamespace()
	if err != nil {
		return place{}, err
	}
	p := place{space: n, calls: make(chan func()), ended: make(chan struct{})}
	entered := make(chan error, 2) // its begin, and its end
	go func() {
		defer close(p.ended)
		entered <- n.Do(func() error {
			entered <- nil
			for f := range p.calls {
				f()
			}
			return nil
		})
	}()
	if err := <-entered; err != nil {
		return place{}, err
	}
	return p, nil
}

func (p place) close() {
	if p.calls != nil {
		close(p.calls)
		<-p.ended
		p.space.Close()
	}
}

// start starts a process that ends with the place.
func (p place) start(c *exec.Cmd) error {
	c.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	done := make(chan error)
	p.calls <- func() { done <- c.Start() }
	return <-done
}

// newWorld makes the namespaces and the links.
func newWorld() (*world, error) {
	w := &world{}
	var err error
	if w.gateway, err = newPlace(); err != nil {
		return nil, err
	}
	if w.upstreams, err = newPlace(); err != nil {
		w.close()
		return nil, err
	}
	if err := w.connect(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// connect makes the links and gives their ends addresses.
func (w *world) connect() error {
	var here, gateway, upstreams *lab.Namespace = nil, w.gateway.space, w.upstreams.space
	for _, link := range []struct {
		name string
		a, b *lab.Namespace
	}{{frontLink, here, gateway}, {backLink, gateway, upstreams}} {
		if err := link.a.Run("ip", "link", "add", link.name, "type", "veth", "peer", "name", link.name, "netns", link.b.Path()); err != nil {
			return err
		}
	}
	for _, end := range []struct {
		space         *lab.Namespace
		link, address string
	}{
		{here, "lo", ""}, {here, frontLink, clientAddress}, {gateway, frontLink, gatewayHost + "/24"},
		{gateway, backLink, backAddress}, {upstreams, backLink, firstUpstream + "/24"}, {upstreams, backLink, secondUpstream + "/24"},
	} {
		if end.address != "" {
			if err := end.space.Run("ip", "address", "add", end.address, "dev", end.link); err != nil {
				return err
			}
		}
		if err := end.space.Run("ip", "link", "set", end.link, "up"); err != nil {
			return err
		}
	}
	return nil
}

// set turns the end of a link "up" or "down".
func set(n *lab.Namespace, link, state string) error { return n.Run("ip", "link", "set", link, state) }

// close ends the namespaces, and the links with them.
func (w *world) close() {
	w.gateway.close()
	w.upstreams.close()
}

// able says what is missing to make a world; nil: nothing.
func able() error {
	if os.Geteuid() != 0 {
		return errors.New("root is missing")
	}
	for _, program := range []string{"ip", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}
