package guides

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// stepTime is what the commands of a step may take on a machine that does other
// things too.
const stepTime = 3 * time.Minute

// showTime is what may pass until a program in the background shows what it
// should: it is being linked.
var showTime = 2 * time.Minute

// The sh blocks of each guide, run one after the other by one shell in the
// repository's folder and in a network namespace of its own, print what the text
// block below each of them shows.
func TestSessions(t *testing.T) {
	for _, page := range guides(t) {
		list := steps(blocks(t, page))
		if len(list) == 0 {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			assert.NoError(t, play(t, list))
		})
	}
}

// A step is an sh block and the text block below it, if there is one.
type step struct {
	line     int
	commands string
	shown    *string
}

// steps returns what the session of a page does.
func steps(list []block) []step {
	var found []step
	for i, b := range list {
		if b.kind != "sh" {
			continue
		}
		s := step{line: b.line}
		for line := range strings.Lines(b.text) {
			if _, ok := notRun[strings.TrimSpace(line)]; !ok {
				s.commands += line
			}
		}
		if i+1 < len(list) && list[i+1].kind == "text" {
			s.shown = &list[i+1].text
		}
		if strings.TrimSpace(s.commands) != "" || s.shown != nil {
			found = append(found, s)
		}
	}
	return found
}

// play runs the steps, and stops at the first one that does not show what it should.
func play(t *testing.T, list []step) error {
	t.Helper()
	var text strings.Builder
	for _, s := range list {
		text.WriteString(s.commands)
	}
	needs(t, text.String())
	compile(t, programs(text.String()))
	s := openSession(t)
	for _, step := range list {
		if err := s.do(step); err != nil {
			return fmt.Errorf("the sh block at line %d: %w", step.line, err)
		}
	}
	return nil
}

// needs skips the test where something is missing, which CI must have.
func needs(t *testing.T, text string) {
	t.Helper()
	var missing []string
	if !isRoot() {
		missing = append(missing, "root")
	}
	for _, name := range []string{"bash", "mount", "go", "ip", "ss", "openssl", "curl", "dig", "ping", "tshark", "iperf3", "gtlsclient"} {
		if _, err := exec.LookPath(name); err != nil && regexp.MustCompile(`\b`+name+`\b`).MatchString("bash mount ip "+text) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("missing: ", missing)
	default:
		t.Skip("missing: ", missing)
	}
}

// compile builds the packages of programs while there still is a network to fetch
// modules from.
func compile(t *testing.T, programs []string) {
	t.Helper()
	if len(programs) == 0 {
		return
	}
	args := []string{"list", "-export", "-deps", "-f", ""}
	for _, name := range programs {
		args = append(args, "./"+name)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// A session is a shell that does one step after the other.
type session struct {
	cmd  *exec.Cmd
	dir  string
	next *os.File // takes the name of the next step's file
	out  output
}

// shell does what each file of descriptor 3 says, and tells when it has.
const shell = `set -eo pipefail
trap 'printf "\0exit %d\n" $?' EXIT
mount --make-rprivate /
mount -t proc none /proc
ip link set lo up
while read -r file <&3; do
  source "$file" 3<&-
  printf '\0done\n'
done`

func openSession(t *testing.T) *session {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	s := &session{dir: t.TempDir(), next: w}
	s.cmd = exec.Command("bash", "--noprofile", "--norc", "-c", shell)
	s.cmd.Dir = root
	s.cmd.Env = append(os.Environ(), "TMPDIR="+s.dir, "LC_ALL=C")
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.ExtraFiles = []*os.File{r}
	// Whatever becomes of this test, the shell ends with it, and all processes of
	// the namespace with the shell, which is its first one.
	runtime.LockOSThread()
	s.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
	}
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.close)
	return s
}

// close ends the shell and what it has left in the background.
func (s *session) close() {
	_ = s.next.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says that it was killed
	runtime.UnlockOSThread()
}

// do runs a step, and returns once it is done and what came out is what is shown.
func (s *session) do(step step) error {
	file := filepath.Join(s.dir, fmt.Sprintf("step%d", step.line))
	if err := os.WriteFile(file, []byte(step.commands), 0o600); err != nil {
		return err
	}
	s.out.reset()
	if _, err := fmt.Fprintln(s.next, file); err != nil {
		return err
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		text, done, failed := s.out.read()
		switch {
		case failed != "":
			return fmt.Errorf("a command failed (%s), with this output:\n%s", failed, text)
		case done && (step.shown == nil || matches(*step.shown, text)):
			return nil
		case done && time.Since(begun) > showTime:
			return fmt.Errorf("the text block does not show this output:\n%s", text)
		case time.Since(begun) > stepTime:
			return fmt.Errorf("not done after %v, with this output:\n%s", stepTime, text)
		}
	}
}

// output is what came since the last step began.
type output struct {
	mu   sync.Mutex
	text string
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text += string(b)
	return len(b), nil
}

func (o *output) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = ""
}

// read returns what the commands have printed, and what the shell says of them.
func (o *output) read() (text string, done bool, failed string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text = strings.ReplaceAll(o.text, "\x00done\n", "")
	done = text != o.text
	text, failed, _ = strings.Cut(text, "\x00")
	return text, done, strings.TrimSpace(failed)
}

// A page whose commands fail, or print something else, fails.
func TestPlay(t *testing.T) {
	shown := func(text string) *string { return &text }
	for name, test := range map[string]struct {
		steps []step
		want  string
	}{
		"right":      {[]step{{1, "x=1\n", nil}, {5, "echo $x\necho 2 >&2\n", shown("1\n2\n")}}, ""},
		"background": {[]step{{1, "(sleep 0.1; echo up; sleep 60) &\n", shown("up\n")}}, ""},
		"alone":      {[]step{{1, "ip -o link | wc -l; ip -o addr\n", shown("...\n...127.0.0.1...\n...\n")}}, ""},
		"fails":      {[]step{{1, "echo a\nfalse\necho b\n", nil}}, "line 1: a command failed (exit 1), with this output:\na\n"},
		"second":     {[]step{{1, "true\n", nil}, {7, "false | true\n", nil}}, "line 7: a command failed"},
		"differs":    {[]step{{1, "echo a\n", shown("b\n")}}, "does not show this output:\na\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "differs" {
				short(t)
			}
			err := play(t, test.steps)
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.want)
			}
		})
	}
}

// short makes steps give up as soon as they are done.
func short(t *testing.T) {
	t.Helper()
	before := showTime
	showTime = 0
	t.Cleanup(func() { showTime = before })
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
