package config

import "slices"

// Merge is what is in force when an object's configuration prev is followed
// by next (either may be nil). A document that could not be read at all, for
// which Parse gives nil, leaves prev in force. A variable of next that was
// refused keeps the version of prev, at its place in next, until the document
// mends it or no longer has it; its neighbours are not touched. Where the
// document also has a good variable of that name, that one is in force. So
// with <disable>: one that does not say a name keeps those of prev.
func Merge(prev, next *Config) *Config {
	if next == nil {
		return prev
	}
	if prev == nil || len(next.refused) == 0 && !next.brokenDisable {
		return next
	}
	before := prev.byName()
	taken := next.byName()
	merged := &Config{
		Disabled: keptDisables(prev, next),
		refused:  next.refused, hushed: next.hushed, brokenDisable: next.brokenDisable,
	}
	done := 0
	for _, r := range next.refused {
		merged.Variables = append(merged.Variables, next.Variables[done:r.at]...)
		done = r.at
		old := before[r.name]
		if old == nil || taken[r.name] != nil || merged.disable(r.name) != nil {
			continue
		}
		taken[r.name] = old
		merged.Variables = append(merged.Variables, old)
		merged.Kept = append(merged.Kept, r.name)
	}
	merged.Variables = append(merged.Variables, next.Variables[done:]...)
	return merged
}

// keptDisables are what next switches off, and if it does not say all of it,
// also what prev does and next does not configure.
func keptDisables(prev, next *Config) []Disable {
	if !next.brokenDisable {
		return next.Disabled
	}
	taken := next.byName()
	kept := slices.Clone(next.Disabled)
	for _, d := range prev.Disabled {
		if taken[d.Name] == nil && next.disable(d.Name) == nil {
			d.kept = true
			kept = append(kept, d)
		}
	}
	return kept
}

// byName maps the name of each variable in force to it.
func (c *Config) byName() map[string]*Variable {
	m := make(map[string]*Variable, len(c.Variables))
	for _, v := range c.Variables {
		m[v.Name] = v
	}
	return m
}

// MergeDefaults is what is in force when a layer prev is followed by next
// (either may be nil), each block as Merge has it. While a block of next does
// not say what it is for, the blocks of prev that next does not have stay.
func MergeDefaults(prev, next *Defaults) *Defaults {
	if next == nil {
		return prev
	}
	if prev == nil {
		return next
	}
	merged := &Defaults{origin: next.origin, headless: next.headless}
	for _, b := range next.blocks {
		merged.blocks = append(merged.blocks, &block{b.class, b.tag, Merge(prev.block(b.class, b.tag), b.config)})
	}
	if !next.headless {
		return merged
	}
	for _, b := range prev.blocks {
		if next.block(b.class, b.tag) == nil {
			merged.blocks = append(merged.blocks, &block{b.class, b.tag, b.config.allKept()})
		}
	}
	return merged
}

// block is the configuration of a class and tag, nil if there is none.
func (d *Defaults) block(class, tag string) *Config {
	if d == nil {
		return nil
	}
	for _, b := range d.blocks {
		if b.class == class && b.tag == tag {
			return b.config
		}
	}
	return nil
}

// allKept is c as one that Merge took over as a whole.
func (c *Config) allKept() *Config {
	kept := &Config{Variables: c.Variables, Disabled: slices.Clone(c.Disabled), hushed: c.hushed}
	for i := range kept.Disabled {
		kept.Disabled[i].kept = true
	}
	for _, v := range c.Variables {
		kept.Kept = append(kept.Kept, v.Name)
	}
	return kept
}
