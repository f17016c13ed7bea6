package bench

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// Machine says in a line what the measurements run on.
func Machine() string {
	return fmt.Sprintf("%s, Linux %s, %d CPUs: %s", runtime.Version(), kernel(), runtime.NumCPU(), cpu())
}

// kernel is the version's numbers; what a distribution adds to them says nothing here.
func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return regexp.MustCompile(`^[0-9.]*[0-9]`).FindString(string(text))
}

// cpu is the processor's name, where the kernel tells it.
func cpu() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(text)
	if found == nil {
		return runtime.GOARCH
	}
	return strings.TrimSpace(string(found[1]))
}
