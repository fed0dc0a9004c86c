package console

import "testing"

func TestFinish(t *testing.T) {
	f := func(text, want, wantColor string) {
		t.Helper()
		if got := (Screen{}).Finish(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if got := (Screen{Color: true}).Finish(text); got != wantColor {
			t.Errorf("%q in colours: %q, want %q", text, got, wantColor)
		}
	}
	f("", "", "")
	f(Paint(Plain, "x"), "x", "x")
	f(Paint(Bad, ""), "", "")
	f(Paint(Bad, "x")+"y", "xy", "\x1b[31;1mx\x1b[0my")
	f("\x1b[31mx\u009b2J\r", "\ufffd[31mx\ufffd2J\ufffd", "\ufffd[31mx\ufffd2J\ufffd")
}

func TestCut(t *testing.T) {
	f := func(text string, columns int, want string) {
		t.Helper()
		if got := Cut(text, columns); got != want {
			t.Errorf("%q to %d: %q, want %q", text, columns, got, want)
		}
	}
	f("", 3, "")
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("東京都", 5, "東京…")
	f("東京都", 4, "東…")
	f("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301")
	f(Paint(Bad, "abcd"), 3, string(Bad)+"ab…"+string(Plain))
	f(Paint(Bad, "a")+"bcd", 3, Paint(Bad, "a")+"b…")
}

func TestColumns(t *testing.T) {
	table := func() [][]string {
		return [][]string{{"~NAME", ">N", "~NOTE"}, {"a name that is long", "1", "because"}, {"b", "1000", "line\nbreak\x1b"}}
	}
	f := func(width int, want string) {
		t.Helper()
		on := Screen{Width: width}
		if got := on.Finish(on.Columns(table())); got != want {
			t.Errorf("%d columns:\n%swant\n%s", width, got, want)
		}
	}
	f(0, "NAME                    N  NOTE\na name that is long     1  because\nb                    1000  line break\ufffd\n")
	f(30, "NAME            N  NOTE\na name tha…     1  because\nb            1000  line break\ufffd\n")
	f(1, "NAME         N  NOTE\na name …     1  because\nb         1000  line br…\n")
}

func TestNoted(t *testing.T) {
	f := func(width int, note, want string) {
		t.Helper()
		on := Screen{Width: width}
		if got := on.Finish(on.Noted([][]string{{"~NAME", ">N", "NOTE"}, {"a name", "1", note}, {"b", "10", ""}, {"c", "2", "short"}})); got != want {
			t.Errorf("%d columns:\n%swant\n%s", width, got, want)
		}
	}
	long := Paint(Bad, "quite a long\nnote")
	f(0, long, "NAME     N  NOTE\na name   1  quite a long note\nb       10\nc        2  short\n")
	f(29, long, "NAME     N  NOTE\na name   1  quite a long note\nb       10\nc        2  short\n")
	f(28, long, "NAME     N  NOTE\na name   1\n  quite a long note\nb       10\nc        2  short\n")
	f(14, long, "NAME     N\na name   1\n  quite a long\n  note\nb       10\nc        2\n  short\n")
}

func TestWrap(t *testing.T) {
	f := func(text string, columns int, want string) {
		t.Helper()
		if got := Wrap("- ", "    ", text, columns); got != want {
			t.Errorf("%q in %d columns: %q, want %q", text, columns, got, want)
		}
	}
	f("", 5, "- ")
	f("one  two", 0, "- one  two")
	f("one  two", 10, "- one  two")
	f("one two three", 9, "- one two\n    three")
	f("one two three", 4, "- one\n    two\n    three")
	f("東京 東京", 8, "- 東京\n    東京")
	f(Paint(Bad, "one two"), 8, "- "+string(Bad)+"one\n    two"+string(Plain))
	if got, want := Wrap("12:00  gone  ", "  ", "text", 14), "12:00  gone\n  text"; got != want {
		t.Errorf("behind a long beginning: %q, want %q", got, want)
	}
}
