package config

// Merge is what is in force when an object's configuration prev is followed
// by next (either may be nil). A document that could not be read at all, for
// which Parse gives nil, leaves prev in force. A variable of next that was
// refused keeps the version of prev, at its place in next, until the document
// mends it or no longer has it; its neighbours are not touched. Where the
// document also has a good variable of that name, that one is in force.
func Merge(prev, next *Config) *Config {
	if next == nil {
		return prev
	}
	if prev == nil || len(next.refused) == 0 {
		return next
	}
	before := prev.byName()
	taken := next.byName()
	merged := &Config{refused: next.refused}
	done := 0
	for _, r := range next.refused {
		merged.Variables = append(merged.Variables, next.Variables[done:r.at]...)
		done = r.at
		old := before[r.name]
		if old == nil || taken[r.name] != nil {
			continue
		}
		taken[r.name] = old
		merged.Variables = append(merged.Variables, old)
		merged.Kept = append(merged.Kept, r.name)
	}
	merged.Variables = append(merged.Variables, next.Variables[done:]...)
	return merged
}

// byName maps the name of each variable in force to it.
func (c *Config) byName() map[string]*Variable {
	m := make(map[string]*Variable, len(c.Variables))
	for _, v := range c.Variables {
		m[v.Name] = v
	}
	return m
}
