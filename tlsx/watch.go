package tlsx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// watch notices changes in the folders that lead to files: of the files
// themselves, of the links on the way, and of what is missing yet. Only one
// goroutine uses it.
type watch struct {
	notifier *fsnotify.Watcher      // nil: nothing to watch yet, or see reason
	reason   error                  // why there is none
	folders  map[string]os.FileInfo // what is watched, by path, as it was then
	names    map[string]bool        // what matters in any of them, folded
}

// newNotifier is replaced in tests.
var newNotifier = fsnotify.NewWatcher

// newWatch returns a watch that follows nothing yet.
func newWatch() *watch {
	return &watch{folders: map[string]os.FileInfo{}, reason: errors.ErrUnsupported}
}

// follow watches what leads to the files of list now, and nothing else. The
// error joins an *Error for each folder that cannot be.
func (w *watch) follow(list []named) error {
	t := trail{}
	for _, n := range list {
		if n.data.File != "" {
			t.walk(n.data.File)
		}
	}
	if len(t) == 0 {
		return nil
	}
	if w.notifier == nil && canWatch {
		w.notifier, w.reason = newNotifier()
	}
	if w.reason != nil {
		return &Error{Op: "watch", Err: fmt.Errorf("cannot be notified of changes: %w", w.reason)}
	}
	w.forget(t)
	var p problems
	w.names = map[string]bool{}
	for folder, names := range t {
		p.add("watch", "", "", w.add(folder))
		w.names[strings.ToLower(filepath.Base(folder))] = true
		for _, name := range names {
			w.names[strings.ToLower(name)] = true
		}
	}
	return errors.Join(p...)
}

// forget stops watching the folders that t does not have, or that are others
// now under the same path.
func (w *watch) forget(t trail) {
	alive := map[string]bool{}
	for _, folder := range w.notifier.WatchList() {
		alive[folder] = true
	}
	for folder, was := range w.folders {
		info, err := os.Stat(folder)
		if _, ok := t[folder]; ok && alive[folder] && err == nil && os.SameFile(info, was) {
			continue
		}
		if alive[folder] {
			// It fails if the folder went meanwhile, and then there is nothing to do.
			_ = w.notifier.Remove(folder)
		}
		delete(w.folders, folder)
	}
}

// add watches a folder if it is not yet. It is looked at before: should it be
// replaced meanwhile, the next call sees another one.
func (w *watch) add(folder string) error {
	if w.folders[folder] != nil {
		return nil
	}
	info, err := os.Stat(folder)
	if err == nil {
		err = w.notifier.Add(folder)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	w.folders[folder] = info
	return nil
}

// concerns reports whether e can be a change of what is followed. It goes by
// the last element, whatever form of a path the system has sent.
func (w *watch) concerns(e fsnotify.Event) bool {
	return w.names[strings.ToLower(filepath.Base(e.Name))]
}

// events and overflows never deliver if nothing can be watched.
func (w *watch) events() <-chan fsnotify.Event {
	if w.notifier == nil {
		return nil
	}
	return w.notifier.Events
}

func (w *watch) overflows() <-chan error {
	if w.notifier == nil {
		return nil
	}
	return w.notifier.Errors
}

// close waits for the notifier's goroutine.
func (w *watch) close() {
	if w.notifier != nil {
		// It only fails if the descriptor was closed by others.
		_ = w.notifier.Close()
	}
}
