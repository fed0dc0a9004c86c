package metrics

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLabel(t *testing.T) {
	same := func(s string) {
		t.Helper()
		if got := label(s); got != s {
			t.Errorf("label(%q) = %q", s, got)
		}
	}
	same("")
	same("micro_µs")
	same("a \"b\" \\ \n\t\x00 🜁")
	same(strings.Repeat("x", labelLimit))

	mended := func(s, begin string) {
		t.Helper()
		got := label(s)
		if !utf8.ValidString(got) || len(got) > labelLimit || !strings.HasPrefix(got, begin+"~") || len(got) != len(begin)+9 {
			t.Errorf("label(%q) = %q, want %q and a hash", s, got, begin)
		}
	}
	mended("a\xffb", "a\uFFFDb")
	mended("\xc3", "\uFFFD")
	mended(strings.Repeat("x", labelLimit+1), strings.Repeat("x", labelLimit-9))
	mended(strings.Repeat("x", 1<<20), strings.Repeat("x", labelLimit-9))
	// Never half a character: 190 bytes and one of four do not fit into 191.
	mended(strings.Repeat("x", 190)+"🜁"+strings.Repeat("x", 20), strings.Repeat("x", 190))
	// Every bad byte grows to three.
	mended(strings.Repeat("\xff.", 100), strings.Repeat("\uFFFD.", 47)+"\uFFFD")
}

func TestLabelKeepsForeignTextsApart(t *testing.T) {
	long := strings.Repeat("x", labelLimit)
	for _, pair := range [][2]string{{"a\xff", "a\xfe"}, {"a\xff", "a\uFFFD"}, {long + "a", long + "b"}, {long + "a", long + "aa"}} {
		if label(pair[0]) == label(pair[1]) {
			t.Errorf("%q and %q have the same label", pair[0], pair[1])
		}
	}
}
