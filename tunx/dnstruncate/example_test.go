package dnstruncate_test

import (
	"fmt"

	"github.com/strata-net/strata/tunx/dnstruncate"
)

func ExampleAnswer() {
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
	answer, err := dnstruncate.Answer(query)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("% x %q\n", answer[:12], answer[12:25])
	// Output: 12 34 83 80 00 01 00 00 00 00 00 00 "\aexample\x03com\x00"
}
