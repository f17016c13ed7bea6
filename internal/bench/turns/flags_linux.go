package turns

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/pprof"
	"time"
)

// Main parses a command line and runs the cases.
func Main(out io.Writer, name string, args []string, cases []Case) (err error) {
	p := Plan{}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(out)
	flags.IntVar(&p.Rounds, "rounds", 9, "`number` of times that each way has its turn")
	flags.DurationVar(&p.Turn, "turn", 500*time.Millisecond, "`time` of a turn")
	match := flags.String("case", "", "only cases whose name matches this `expression`")
	way := flags.String("way", "", "only ways whose name matches this `expression`, and the first one")
	profile := flags.String("cpuprofile", "", "write a profile for go tool pprof to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.Case, err = regexp.Compile(*match); err != nil {
		return err
	}
	if p.Way, err = regexp.Compile(*way); err != nil {
		return err
	}
	if p.Rounds < 1 || p.Turn < time.Millisecond {
		return fmt.Errorf("-rounds=%d -turn=%v: want 1, 1ms or more", p.Rounds, p.Turn)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	return p.Run(out, cases)
}
