package config

import "weak"

// Patterns are compiled patterns that variables share: a thousand VMs are
// often told the same, and a compiled pattern takes some kilobytes. One that
// no variable has any more is let go. The zero value is ready; it is for one
// goroutine.
type Patterns struct {
	byText map[string]weak.Pointer[Pattern]
	swept  int // how many were left by the last sweep
}

// compile is compilePattern, unless somebody still has what it made before.
// All calls have the same options. p may be nil: nothing is shared.
func (p *Patterns) compile(text string, opts Options) (*Pattern, error) {
	if p == nil {
		return compilePattern(text, opts)
	}
	if known := p.byText[text].Value(); known != nil {
		return known, nil
	}
	compiled, err := compilePattern(text, opts)
	if err != nil {
		return nil, err
	}
	p.sweep()
	if p.byText == nil {
		p.byText = map[string]weak.Pointer[Pattern]{}
	}
	p.byText[text] = weak.Make(compiled)
	return compiled, nil
}

// sweepMargin is how many may be gone before anybody looks.
const sweepMargin = 64

// sweep forgets those that nobody has, when they may be as many as the others.
func (p *Patterns) sweep() {
	if len(p.byText) < 2*p.swept+sweepMargin {
		return
	}
	for text, known := range p.byText {
		if known.Value() == nil {
			delete(p.byText, text)
		}
	}
	p.swept = len(p.byText)
}
