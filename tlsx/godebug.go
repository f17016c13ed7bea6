package tlsx

import (
	"crypto/tls"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
)

// godebug returns a setting of GODEBUG: of the environment, or of the main
// program's go.mod and //go:debug lines; "" if neither has it. crypto/tls drops
// some choices because of one without a word.
func godebug(name string) string {
	if value, ok := setting(os.Getenv("GODEBUG"), name); ok {
		return value
	}
	value, _ := setting(builtIn(), name)
	return value
}

// setting finds the last name=value of a list: later ones win.
func setting(list, name string) (string, bool) {
	value, found := "", false
	for item := range strings.SplitSeq(list, ",") {
		if key, v, ok := strings.Cut(item, "="); ok && key == name {
			value, _, _ = strings.Cut(v, "#") // what follows is for bisecting
			found = true
		}
	}
	return value, found
}

// builtIn is what the program was built with.
var builtIn = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo() // none where a program was built without modules
	return buildSetting(info, "DefaultGODEBUG")
})

func buildSetting(info *debug.BuildInfo, key string) string {
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// switchedOff says which setting takes a curve away.
func switchedOff(id tls.CurveID) error {
	var off []string
	switch id {
	case tls.X25519MLKEM768:
		off = []string{"tlsmlkem"}
	case tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024:
		off = []string{"tlsmlkem", "tlssecpmlkem"}
	}
	for _, name := range off {
		if godebug(name) == "0" {
			return fmt.Errorf("is switched off by GODEBUG=%s=0", name)
		}
	}
	return nil
}
