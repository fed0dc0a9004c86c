package monitor

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// document writes the configuration as XML that a person can read, and that
// could be the object's own:
//
//	<!-- vm 5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11 "web-07", tags "db" -->
//	<config>
//		<!-- triggers/vm.xml:7:3 (tag "db"), in place of triggers/vm.xml:2:3 -->
//		<variable>
//			<name value="cpu_usage"/>
//			<alarm_trigger_level value="0.9"/>
//		</variable>
//		<!-- switched off by triggers/vm.xml:9:3 -->
//		<disable name="network_usage"/>
//	</config>
func (e *EffectiveConfig) document() string {
	var d documentWriter
	d.comment("", e.title())
	for _, p := range e.Problems {
		d.comment("", p.String())
	}
	d.WriteString("<config>\n")
	for _, v := range e.Variables {
		d.comment("\t", v.origin())
		for line := range strings.Lines(v.XML) {
			d.WriteString("\t" + line)
		}
	}
	for _, v := range e.Disabled {
		d.comment("\t", fmt.Sprintf("switched off by %v%s", v.By, listed("; it would be that of ", v.Hides)))
		d.WriteString("\t<disable name=\"")
		_ = xml.EscapeText(&d, []byte(v.Variable)) // a Builder has room
		d.WriteString("\"/>\n")
	}
	d.WriteString("</config>\n")
	return d.String()
}

func (e *EffectiveConfig) title() string {
	title := e.Class + " " + e.UUID
	if e.Name != "" {
		title += fmt.Sprintf(" %q", e.Name)
	}
	for i, tag := range e.Tags {
		title += []string{", tags ", ", "}[min(i, 1)] + strconv.Quote(tag)
	}
	if len(e.Variables) == 0 {
		title += ": no variable is in force"
	}
	return title
}

// origin says in words where a variable comes from.
func (v *EffectiveVariable) origin() string {
	text := v.From.String() + listed(", in place of ", v.Hides)
	switch {
	case v.AskedBy != "":
		text = fmt.Sprintf("asked of this host by sr %s: %s", v.AskedBy, text)
	case v.EachHost:
		text += "; each host judges it that has this sr attached"
	}
	return text
}

// String is the problem after the manner of compilers.
func (p *ConfigProblem) String() string {
	text := p.Origin
	if p.Line > 0 {
		text += fmt.Sprintf(":%d:%d", p.Line, p.Column)
	}
	if p.Refused {
		text += ": refused"
	}
	if p.Variable != "" {
		text += fmt.Sprintf(": variable %q", p.Variable)
	}
	text += ": " + p.Message
	if p.Fix != "" {
		text += "; fix: " + p.Fix
	}
	return text
}

// listed is a list of places behind some words, "" for none.
func listed(words string, places []Place) string {
	var list []string
	for _, p := range places {
		list = append(list, p.String())
	}
	if len(list) == 0 {
		return ""
	}
	return words + strings.Join(list, " and ")
}

// documentWriter writes XML.
type documentWriter struct{ strings.Builder }

// comment writes a line with a comment, in which no -- may stand. Names, tags
// and messages of others are in it.
func (d *documentWriter) comment(indent, text string) {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, text)
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "- -")
	}
	d.WriteString(indent + "<!-- " + text + " -->\n")
}
