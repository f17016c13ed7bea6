package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `usage: aileron2strata [-strict] [-check] [-o FILE] FILE
       aileron2strata -page

Reads a configuration of AILERON Gateway, "-" for standard input: resources of the
kinds HTTPServer and HTTPClient, or messages of its kernel/network by name
(dialConfig, listenConfig, httpTransportConfig, ...), in any number of documents.
Prints a document of strata.v1 for each; its first line says of which message.
What is lost, with its line, goes to standard error.

`

// maxInput bounds the document that is read, in bytes.
const maxInput = 16 << 20

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	strict, check, page bool
	output, input       string
}

// run returns the exit status: 2 for wrong arguments, 1 for what cannot be read or
// written, and with -strict for what is lost.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, ok := parse(args, stderr)
	if !ok {
		return 2
	}
	if o.page {
		fmt.Fprint(stdout, page())
		return 0
	}
	found, err := o.convert(stdin, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "aileron2strata:", err)
		return 1
	}
	if o.strict && found.lossy() {
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (o options, ok bool) {
	f := flag.NewFlagSet("aileron2strata", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, usage)
		f.PrintDefaults()
	}
	f.BoolVar(&o.strict, "strict", false, "exit with 1 if anything is lost or wrong")
	f.BoolVar(&o.check, "check", false, "let the builders of strata look at what is printed; it reads the files of TLS")
	f.BoolVar(&o.page, "page", false, "print docs/aileron.md")
	f.StringVar(&o.output, "o", "", "`file` to write instead of standard output")
	if f.Parse(args) != nil {
		return o, false
	}
	o.input = f.Arg(0)
	if o.page == (f.NArg() == 1) || f.NArg() > 1 {
		f.Usage()
		return o, false
	}
	return o, true
}

// convert reads all before it writes anything.
func (o options) convert(stdin io.Reader, stdout, stderr io.Writer) (*report, error) {
	name, text, err := read(o.input, stdin)
	if err != nil {
		return nil, err
	}
	r := &report{name: name}
	documents, err := convert(text, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if o.check {
		r.check(documents)
	}
	r.print(stderr)
	var b bytes.Buffer
	if err := write(&b, documents); err != nil {
		return nil, err
	}
	if o.output == "" {
		_, err = stdout.Write(b.Bytes())
		return r, err
	}
	return r, os.WriteFile(o.output, b.Bytes(), 0o600)
}

func read(path string, stdin io.Reader) (name string, text []byte, err error) {
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return path, nil, err
		}
		defer f.Close()
		name, stdin = path, f
	}
	text, err = io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s: has more than %d bytes", name, maxInput)
	}
	return name, text, err
}
