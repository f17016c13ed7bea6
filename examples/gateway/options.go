package main

import (
	"fmt"

	"github.com/strata-net/strata/sockopt"
)

// required takes a mapping of socket options that must take effect.
func (o *Options) required(v value) {
	o.each(v, func(opt sockopt.Option) sockopt.Option { return opt })
}

// preferred takes a mapping of socket options that may be missing on this
// platform or network.
func (o *Options) preferred(v value) { o.each(v, sockopt.Prefer) }

// each parses the entries of a mapping with sockopt's own text form.
func (o *Options) each(v value, policy func(sockopt.Option) sockopt.Option) {
	for name, child := range v.pairs() {
		text, err := child.text()
		if err != nil {
			child.problems.add(child.at(), err)
			continue
		}
		opt, err := sockopt.Parse(name + "=" + text)
		if err != nil {
			child.problems.add(child.at(), err)
			continue
		}
		o.List = append(o.List, policy(opt))
		o.at = append(o.at, child.at())
	}
}

// check notes each option that cannot take effect on one of the networks at
// these stages, and each that stands in the list twice.
func (o *Options) check(ps *problems, networks []string, stages ...sockopt.Stage) {
	first := map[string]place{}
	for i, opt := range o.List {
		if err := o.fits(opt, networks, stages); err != nil {
			ps.add(o.at[i], err)
		}
		if at, ok := first[opt.Name()]; ok {
			ps.add(o.at[i], fmt.Errorf("is asked for twice, first in line %d", at.line))
			continue
		}
		first[opt.Name()] = o.at[i]
	}
}

// fits says why an option cannot take effect.
func (o *Options) fits(opt sockopt.Option, networks []string, stages []sockopt.Stage) error {
	for _, network := range networks {
		if err := (sockopt.Options{opt}).Check(network, stages...); err != nil {
			return err
		}
	}
	return nil
}

// refuse notes an option that the gateway cannot live with.
func (o *Options) refuse(ps *problems, name, why string) {
	for i, opt := range o.List {
		if opt.Name() == name {
			ps.addf(o.at[i], "%s", why)
		}
	}
}
