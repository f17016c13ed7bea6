package tlsx

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// check looks at all files, and takes what they say if it differs from what
// they said before, if that was refused, or if forced to.
func (s *Source) check(force bool) error {
	s.rewatch()
	now := digests(s.named)
	e := Event{Time: time.Now()}
	e.Fields, e.Files = s.differing(s.seen, now)
	if len(e.Fields) == 0 && !force && s.refused() == nil {
		return nil
	}
	s.seen = now
	e.Err = s.take(now)
	if before := s.refuse(e.Err); len(e.Fields) > 0 || !sameText(before, e.Err) {
		s.tell(e)
	}
	return e.Err
}

// take loads everything and puts it to use. Its files were as in now before.
func (s *Source) take(now []digest) error {
	g, err := s.load()
	if err != nil {
		return err
	}
	changed, _ := s.differing(s.used, now)
	if !slices.ContainsFunc(changed, endsSessions) {
		g.keepSessions(s.now.Load())
	}
	s.used = now
	s.now.Store(g)
	return nil
}

// endsSessions reports whether a client must forget its sessions when the field
// has changed: it must not resume one with a server that it no longer trusts,
// nor one that was made with another certificate of its own.
func endsSessions(field string) bool {
	return strings.HasPrefix(field, "Roots") || strings.HasPrefix(field, "Peer") ||
		strings.HasPrefix(field, "Certificates") && !strings.HasSuffix(field, "OCSP.Response")
}

// differing returns which fields' content is not the same, and their files.
func (s *Source) differing(before, now []digest) (fields, files []string) {
	for i, n := range s.named {
		if now[i] == before[i] {
			continue
		}
		fields = append(fields, n.field)
		if n.data.File != "" && !slices.Contains(files, n.data.File) {
			files = append(files, n.data.File)
		}
	}
	return fields, files
}

// rewatch follows what links and folders lead to now.
func (s *Source) rewatch() {
	err := s.watch.follow(s.named)
	s.mu.Lock()
	before := s.unwatchable
	s.unwatchable = err
	s.mu.Unlock()
	if err != nil && !sameText(before, err) {
		s.tell(Event{Time: time.Now(), Err: err})
	}
}

func (s *Source) refused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Source) refuse(err error) (before error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.err = s.err, err
	return before
}

// tell calls OnReload.
func (s *Source) tell(e Event) {
	if s.cfg.Reload.OnReload != nil {
		e.Leaves = slices.Clone(s.now.Load().leaves)
		s.cfg.Reload.OnReload(e)
	}
}

// sameText reports whether two errors say the same.
func sameText(a, b error) bool {
	return fmt.Sprint(a) == fmt.Sprint(b)
}
