package lab

import "os/exec"

// The ends' addresses and their device.
const (
	AddressA = "10.99.0.1"
	AddressB = "10.99.0.2"
	Device   = "link0"
	prefix   = "/24"
)

// A Pair is two namespaces with a link between them.
type Pair struct {
	A, B  *Namespace
	close func()
}

// NewVeth links two new namespaces by a veth pair.
func NewVeth() (*Pair, error) {
	p, err := newPair()
	if err != nil {
		return nil, err
	}
	add := exec.Command("ip", "link", "add", Device, "type", "veth", //nolint:noctx // ip ends by itself
		"peer", "name", Device, "netns", "/proc/self/fd/3")
	add.ExtraFiles = append(add.ExtraFiles, p.B.file)
	if err = p.A.run(add); err == nil {
		err = p.up()
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// WithoutOffload turns segmentation and its inverse off at both ends.
func (p *Pair) WithoutOffload() error {
	for _, n := range []*Namespace{p.A, p.B} {
		if err := n.Do(func() error { return turnOff(Device, offloads) }); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the link and the namespaces.
func (p *Pair) Close() {
	if p.close != nil {
		p.close()
	}
	p.A.Close()
	p.B.Close()
}

func newPair() (*Pair, error) {
	a, err := NewNamespace()
	if err != nil {
		return nil, err
	}
	b, err := NewNamespace()
	if err != nil {
		a.Close()
		return nil, err
	}
	return &Pair{A: a, B: b}, nil
}

// up gives both ends their address and waits until the link carries.
func (p *Pair) up() error {
	for n, address := range map[*Namespace]string{p.A: AddressA, p.B: AddressB} {
		if err := n.Run("ip", "address", "add", address+prefix, "dev", Device); err != nil {
			return err
		}
		if err := n.Run("ip", "link", "set", Device, "up"); err != nil {
			return err
		}
	}
	return p.await()
}
