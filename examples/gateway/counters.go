package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
)

// writeCounters prints what the listeners have counted.
func writeCounters(out io.Writer, g *Gateway) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nLISTENER\tCOUNTED")
	for _, d := range g.doors {
		fmt.Fprintf(w, "%s\t%s\n", d.cfg.Name, strings.Join(counted("", reflect.ValueOf(d.stats())), ", "))
	}
	return w.Flush()
}

// counted returns the counters of a struct that are not 0.
func counted(prefix string, v reflect.Value) []string {
	var list []string
	for i := range v.NumField() {
		f, name := v.Field(i), prefix+v.Type().Field(i).Name
		if f.Kind() == reflect.Interface {
			f = f.Elem()
		}
		switch {
		case f.Kind() == reflect.Struct:
			list = append(list, counted(name+".", f)...)
		case !f.IsZero():
			list = append(list, fmt.Sprintf("%s %v", name, f))
		}
	}
	return list
}
