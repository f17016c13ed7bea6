package peers_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestSlowClients keeps hundreds of conns open with slowhttptest, of all kinds at
// once, and each asks at the same time by a probe whether the service is there: it
// has ten seconds for an answer, since this machine may be busy with more than the
// test.
func TestSlowClients(t *testing.T) {
	config := strings.ReplaceAll(front(origin(t)), "    protocol: http\n",
		"    protocol: http\n    read_header_timeout: 3s\n    stall_timeout: 3s\n    idle_timeout: 3s\n")
	g := start(t, config)
	tests := map[string]func(t *testing.T){}
	for name, args := range map[string][]string{
		"headers": {"-H"},                                              // slowloris: one header line after the other
		"bodies":  {"-B"},                                              // the body byte by byte
		"ranges":  {"-R"},                                              // many overlapping ranges
		"reading": {"-X", "-w", "1", "-y", "10", "-n", "2", "-z", "1"}, // tiny windows
	} {
		for _, url := range []string{g.clear(t, "/bytes/1000000"), g.secure(t, "/bytes/1000000")} {
			scheme, _, _ := strings.Cut(url, ":")
			tests[name+" "+scheme] = func(t *testing.T) {
				report := filepath.Join(t.TempDir(), "report")
				args := slices.Concat(args, []string{"-c", "150", "-r", "75", "-i", "1", "-l", "8", "-p", "10", "-g", "-o", report, "-u", url})
				out := run(t, time.Minute, "slowhttptest", args...)
				text, err := os.ReadFile(report + ".csv")
				assert.NoError(t, err, "%s", out)
				// Seconds, Closed, Pending, Connected, Service Available
				rows := regexp.MustCompile(`(?m)^(\d+),(\d+),(\d+),(\d+),(\d+)$`).FindAllStringSubmatch(string(text), -1)
				assert.NotEmpty(t, rows, "%s", text) // conns that are answered and closed leave few
				for _, row := range rows {
					assert.NotEqual(t, "0", row[5], "not available after %s s:\n%s", row[1], text)
				}
			}
		}
	}
	beside(t, tests)
}
