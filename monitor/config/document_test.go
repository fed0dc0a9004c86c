package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestMalformed: what is wrong, where, and the way out. Which documents are
// well-formed is compared with Python in TestPrettyAsPython.
func TestMalformed(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, problems := Parse(ClassVM, text, Options{})
		if c != nil || len(problems) != 1 {
			t.Errorf("%q: accepted: %v", text, problems)
			return
		}
		p := problems[0]
		if p.Severity != Error || p.Variable != "" {
			t.Errorf("%q: %+v", text, p)
		}
		if got := fmt.Sprintf("%d:%d %s", p.Line, p.Column, p); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
	f(" ", "1:2 there is no XML element in it; fix: write <config><variable>…</variable></config>")
	f("cpu_usage 0.9", "1:1 text outside the root element; fix: remove it, or put it into a comment <!-- … -->")
	f("<config>\n  <variable>\n", "3:1 it ends before the <variable> of line 2 is closed; fix: write </variable>, or end that tag with />")
	f("<config>\n <variable>\n </config>", "3:2 </config> where the <variable> of line 2 must be closed first; fix: write </variable> before it, or end that tag with />")
	f("<config></config></config>", "1:18 </config> without a <config>; fix: remove it")
	f("<config/><config/>", "1:10 a second root element; fix: put all variables into one <config>")
	f("<config>a & b</config>", "1:12 invalid character entity & (no semicolon); fix: write &amp; for an & that is text")
	f("<config>&nbsp;</config>", "1:15 invalid character entity &nbsp;; fix: write &amp; for an & that is text")
	f("<config a=1/>", "1:12 unquoted or missing attribute value in element; fix: put the value in quotes: value=\"0.9\"")
	f("<config a/>", "1:11 attribute name without = in element; fix: write the attribute as name=\"value\"")
	f("<config a='<'/>", "1:13 unescaped < inside quoted string; fix: write &lt; for a < in a value, or close the quotes before it")
	f("<config a='1' a='2'/>", "1:1 two attributes \"a\" in one <config>; fix: keep one of them")
	f("<config><n:a/></config>", "1:9 the prefix \"n\" is not declared; fix: write the name without it")
	f("<config>\n é\x01</config>", "2:3 the character U+0001, which XML does not allow; fix: remove it")
	f("<config>\xff</config>", "1:9 byte 0xff is not UTF-8; fix: save the text as UTF-8")
	f("<!DOCTYPE c [<!ENTITY a 'x'>]>\n<c>&a;</c>", "1:1 a document type with declarations: entities are not expanded here; fix: remove <!DOCTYPE …> and write the text itself")
	f("<!ELEMENT c><c/>", "1:1 <! begins neither a comment, nor CDATA, nor a document type in its place; fix: remove it, or write <!-- … -->")
	f("\n<?xml version='1.0'?><c/>", `2:1 <?xml …?> is wrong, or not at the very start; fix: write <?xml version="1.0"?> before everything else, or leave it out`)
	f("<config><variable", "1:18 it ends before the <config> of line 1 is closed; fix: write </config>, or end that tag with />")
	f("<config", "1:8 it ends in the middle of a tag; fix: close the tag with >")
}

func TestLimits(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, problems := Parse(ClassVM, text, Options{})
		if want == "" {
			if c == nil {
				t.Errorf("refused: %v", problems)
			}
			return
		}
		if c != nil || len(problems) != 1 || !strings.Contains(problems[0].Msg, want) || problems[0].Fix == "" {
			t.Errorf("want %q, got %v", want, problems)
		}
	}
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	f(nested(MaxDepth), "")
	f(nested(MaxDepth+1), "nested more than 32 deep")
	many := func(n int) string { return "<c>" + strings.Repeat("<variable/>", n) + "</c>" }
	f(many(MaxVariables), "")
	f(many(MaxVariables+1), "1001 variables; the limit is 1000")
	long := func(n int) string { return "<c>" + strings.Repeat(" ", n-len("<c></c>")) + "</c>" }
	f(long(MaxBytes), "")
	f(long(MaxBytes+1), "262145 bytes of XML; the limit is 262144")
}
