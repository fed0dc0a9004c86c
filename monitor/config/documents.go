package config

// Documents are configurations that objects share: a thousand VMs are often
// told the same in the same words, and the variables of a document take some
// kilobytes. One that no object has any more is let go. The zero value is ready;
// it is for one goroutine.
type Documents struct {
	documents shared[documentText, Config]
}

// documentText is what a document was read of.
type documentText struct{ class, text string }

// Parse is Parse, unless somebody still has what it made of the same text
// before. All calls have the same options. A document in which something is
// wrong is not shared: that is said of each object that has it.
func (d *Documents) Parse(class, text string, opts Options) (*Config, []Problem) {
	key := documentText{class, text}
	if known := d.documents.find(key); known != nil {
		return known, nil
	}
	c, problems := Parse(class, text, opts)
	if c != nil && len(problems) == 0 {
		d.documents.keep(key, c)
	}
	return c, problems
}
