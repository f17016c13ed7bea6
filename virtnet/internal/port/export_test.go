package port

// Levels is how many words First looks at.
func (s *Set) Levels() int { return len(s.levels) }
