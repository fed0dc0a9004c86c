package config

// Patterns are compiled patterns that variables share: a thousand VMs are
// often told the same, and a compiled pattern takes some kilobytes. One that
// no variable has any more is let go. The zero value is ready; it is for one
// goroutine.
type Patterns struct{ shared[string, Pattern] }

// compile is compilePattern, unless somebody still has what it made before.
// All calls have the same options. p may be nil: nothing is shared.
func (p *Patterns) compile(text string, opts Options) (*Pattern, error) {
	if p == nil {
		return compilePattern(text, opts)
	}
	if known := p.find(text); known != nil {
		return known, nil
	}
	compiled, err := compilePattern(text, opts)
	if err != nil {
		return nil, err
	}
	p.keep(text, compiled)
	return compiled, nil
}
