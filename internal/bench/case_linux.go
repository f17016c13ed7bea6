package bench

import "slices"

// A Case is one piece of work that can be done in several ways.
type Case struct {
	Name   string
	Batch  int   // how often it is done between two readings of the clock
	Rounds int   // at most so many, because it takes long; 0: as many as are asked for
	Ways   []Way // the first is written by hand: the others are compared with it
}

// A Way does the work of its Case.
type Way struct {
	Name string
	// Prepare makes ready to do it n times.
	Prepare func(n int) (*Run, error)
}

// A Run is work that is ready to be done.
type Run struct {
	Do    func() error // what is measured
	Close func()       // frees what Prepare and Do opened
}

// Cases returns all cases.
func Cases() []Case {
	return slices.Concat(controlCases(), dialCases(), limitCases(), acceptCases(), shardCases(), copyCases(), connCases(), tlsCases())
}
