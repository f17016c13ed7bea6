package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/strata-net/strata/sockopt"
)

const legend = `Defaults are those of package net's sockets, on which it has set SO_BROADCAST and IPV6_V6ONLY itself.
A version after ~ is from documentation and was not tried.
`

// printTable prints the options of this platform.
func printTable(ctx context.Context, out io.Writer) error {
	values, lacking := readDefaults(ctx)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPTION\tVALUES\tSTAGE\tNETWORKS\tDEFAULT\tSINCE\tPRIVILEGE")
	count := 0
	for i := range sockopt.All() {
		fmt.Fprintln(w, strings.Join([]string{
			i.Name, allowed(i), stage(i), networks(i), values.text(i.Name), dash(i.Since), privilege(i),
		}, "\t"))
		count++
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d options of %s.\n%s", count, runtime.GOOS, legend)
	for _, err := range lacking {
		fmt.Fprintf(out, "Defaults of one kind of socket are missing: %v.\n", err)
	}
	return nil
}

func allowed(i sockopt.Info) string {
	switch {
	case i.Kind == sockopt.KindBool || i.ReadOnly:
		return i.Kind.String()
	case i.Kind == sockopt.KindInt || i.Kind == sockopt.KindUint32 || i.Kind == sockopt.KindUint64:
		return i.Kind.String() + " " + i.Allowed()
	}
	return i.Allowed()
}

// stage is when dialers and listeners apply the option, or why they never do.
func stage(i sockopt.Info) string {
	switch {
	case i.ReadOnly:
		return "read only"
	case i.Ignored != "":
		return "ignored " + i.Ignored
	case i.BlockingOnly:
		return "blocking sockets only"
	}
	return i.Stage.String()
}

func privilege(i sockopt.Info) string {
	return strings.TrimSpace(dash(i.Capability) + " " + i.Condition)
}
