package dialer

// WrapSetns lets a test come between a dialer and setns(2).
func WrapSetns(d Dialer, wrap func(setns func(fd int) error) func(fd int) error) {
	n := d.(*dialer).plans["tcp"].netns
	n.setns = wrap(n.setns)
}
