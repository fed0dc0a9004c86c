// Package manual writes manual pages, in the language of man(7), from what a
// program says in its help, so that the two cannot differ.
package manual

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Page is one manual page.
type Page struct {
	Name    string // perfmonctl-silence-add
	Section int
	Short   string // what it is for, in one line
	Usage   string // the words of the command line
	// Long is plain text. Paragraphs are set anew, but for lines that begin
	// with a space.
	Long    string
	Flags   *pflag.FlagSet // may be nil
	Example string         // lines that are kept as they are
	SeeAlso []string       // perfmon(8)
}

// Troff is the source of the page. The date and the version are in its footer.
func (p *Page) Troff(date time.Time, version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %d %s %s %s\n", quote(strings.ToUpper(p.Name)), p.Section,
		quote(date.UTC().Format(time.DateOnly)), quote("perfmon "+version), quote("perfmon"))
	b.WriteString(".nh\n.ad l\n") // words stay whole
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(p.Name), escape(p.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", escape(p.Usage))
	b.WriteString(section("DESCRIPTION", paragraphs(p.Long)))
	if p.Flags != nil && p.Flags.HasAvailableFlags() {
		b.WriteString(section("OPTIONS", options(p.Flags)))
	}
	if p.Example != "" {
		b.WriteString(section("EXAMPLES", literal(p.Example)))
	}
	if len(p.SeeAlso) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		var others []string
		for _, other := range p.SeeAlso {
			others = append(others, ".BR "+strings.Replace(escape(other), "(", " (", 1))
		}
		b.WriteString(strings.Join(others, ",\n") + "\n")
	}
	return b.String()
}

// Tree is the pages of a command and of the verbs below it, in section 1, by
// name.
func Tree(root *cobra.Command) map[string]*Page {
	pages := map[string]*Page{}
	addTree(root, pages)
	return pages
}

func addTree(cmd *cobra.Command, pages map[string]*Page) {
	cmd.InitDefaultHelpFlag()
	name := pageName(cmd)
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	p := &Page{
		Name: name, Section: 1, Short: cmd.Short, Usage: cmd.UseLine(), Long: long,
		Flags: cmd.Flags(), Example: cmd.Example,
	}
	if cmd.HasParent() {
		p.SeeAlso = append(p.SeeAlso, pageName(cmd.Parent())+"(1)")
	}
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() {
			continue
		}
		addTree(child, pages)
		p.SeeAlso = append(p.SeeAlso, pageName(child)+"(1)")
	}
	if !cmd.HasParent() {
		p.SeeAlso = append(p.SeeAlso, "perfmon(8)")
	}
	pages[name] = p
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// paragraphs sets text anew, and keeps lines that begin with a space.
func paragraphs(text string) string {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		var plain, kept []string
		flush := func() {
			if len(plain) > 0 {
				b.WriteString(".PP\n" + filled(strings.Join(plain, " ")) + "\n")
			}
			if len(kept) > 0 {
				b.WriteString(literal(strings.Join(kept, "\n")))
			}
			plain, kept = nil, nil
		}
		for line := range strings.SplitSeq(block, "\n") {
			if strings.HasPrefix(line, " ") {
				kept = append(kept, line)
				continue
			}
			if len(kept) > 0 {
				flush()
			}
			plain = append(plain, line)
		}
		flush()
	}
	return b.String()
}

// section is a part of the page. Its first paragraph needs no mark.
func section(title, text string) string {
	return ".SH " + title + "\n" + strings.TrimPrefix(text, ".PP\n")
}

// maxLine is how long lines of the source are that troff sets anew.
const maxLine = 70 // before escapes

// fill breaks a text into lines that are not longer, between words.
func fill(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column > 0 && column+1+len(word) > maxLine:
			b.WriteByte('\n')
			column = 0
		case column > 0:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

func literal(text string) string {
	return ".PP\n.nf\n" + escape(strings.TrimRight(text, "\n")) + "\n.fi\n"
}

func options(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		names := "--" + f.Name
		if f.Shorthand != "" {
			names = "-" + f.Shorthand + ", " + names
		}
		b.WriteString(".TP\n\\fB" + escape(names) + "\\fR")
		if value != "" {
			b.WriteString(" \\fI" + escape(value) + "\\fR")
		}
		if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" && d != "0s" && !strings.Contains(usage, "default") {
			usage += " (default " + d + ")"
		}
		b.WriteString("\n" + filled(usage) + "\n")
	})
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\e`, "-", `\-`)

// escape takes away what troff would read as its own.
func escape(text string) string {
	lines := strings.Split(escaper.Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// filled is text that troff sets anew. A line may not begin as one of its
// requests does, which is why it is broken before it is escaped.
func filled(text string) string { return escape(fill(text)) }

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\(dq`) + `"` }
