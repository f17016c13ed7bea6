package xquicspec_test

import (
	"fmt"

	"github.com/strata-net/strata/spec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/xquicspec"
)

func ExampleQUICConfig() {
	_, err := xquicspec.QUICConfig(&specv1.XQuicConfig{MaxConnReadBufferSizeBytes: new(int64(-5))})
	for _, e := range spec.Errors(err) {
		fmt.Println(e)
	}
	// Output:
	// max_conn_read_buffer_size_bytes: -5: must not be negative: no data could pass
}
