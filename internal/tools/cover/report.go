package main

import (
	"fmt"
	"io"
)

// limits are in percent of statements.
type limits struct{ min, goal float64 }

// report prints one line a module and says whether all are at the minimum.
func report(w io.Writer, modules []module, lim limits, files bool) bool {
	good := true
	for _, m := range modules {
		covered, total := m.count()
		share := percent(covered, total)
		good = good && share >= lim.min
		fmt.Fprintf(w, "%-44s %6.2f %%  %5d of %5d statements  %s", m.path, share, covered, total, verdict(share, lim))
		if m.generated > 0 {
			fmt.Fprintf(w, " (%d generated statements not counted)", m.generated)
		}
		fmt.Fprintln(w)
		if files {
			reportFiles(w, m)
		}
	}
	fmt.Fprintf(w, "minimum %g %%, objective %g %%\n", lim.min, lim.goal)
	return good
}

// reportFiles lists the files in which a statement was never run.
func reportFiles(w io.Writer, m module) {
	for _, f := range m.files {
		if f.covered < f.total {
			fmt.Fprintf(w, "  %-42s %6.2f %%  %5d of %5d statements\n", f.name, percent(f.covered, f.total), f.covered, f.total)
		}
	}
}

func verdict(share float64, lim limits) string {
	switch {
	case share < lim.min:
		return "under the minimum"
	case share < lim.goal:
		return "under the objective"
	default:
		return "ok"
	}
}

func percent(covered, total int) float64 {
	return 100 * float64(covered) / float64(total)
}
