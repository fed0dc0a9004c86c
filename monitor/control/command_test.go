package control

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// datagrams are the cases of the parser and the seeds of its fuzz target.
var datagrams = []struct {
	in     string
	want   Command
	result string
}{
	{"refresh", Refresh, Accepted},
	{"debug_mem", DebugMem, Accepted},
	{"refresh\n", Refresh, Accepted},
	{"refresh\r\n", Refresh, Accepted},
	{"debug_mem\n", DebugMem, Accepted},
	{"refresh\r", "", Unknown},
	{"refresh\n\n", "", Unknown},
	{"refresh\r\r\n", "", Unknown},
	{"\nrefresh", "", Unknown},
	{" refresh", "", Unknown},
	{"refresh ", "", Unknown},
	{"Refresh", "", Unknown},
	{"refresh\x00", "", Unknown},
	{"refresh\ndebug_mem", "", Unknown},
	{"", "", Unknown},
	{"\n", "", Unknown},
	{"\r\n", "", Unknown},
	{"other", "", Unknown},
	{"refresh\xff", "", NotUTF8},
	{"\xc3", "", NotUTF8},
	{strings.Repeat("r", MaxDatagram), "", Unknown},
	{strings.Repeat("\xff", MaxDatagram), "", NotUTF8},
	{strings.Repeat("r", MaxDatagram+1), "", TooLong},
	{strings.Repeat("\xff", MaxDatagram+1), "", TooLong},
	{"refresh\n" + strings.Repeat("\n", MaxDatagram), "", TooLong},
}

func TestParse(t *testing.T) {
	for _, c := range datagrams {
		if got, result := parse([]byte(c.in)); got != c.want || result != c.result {
			t.Errorf("parse(%q) = %q, %s; want %q, %s", c.in, got, result, c.want, c.result)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range datagrams {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		before := bytes.Clone(datagram)
		c, result := parse(datagram)
		if !bytes.Equal(datagram, before) {
			t.Fatalf("parse changed %q to %q", before, datagram)
		}
		switch result {
		case Accepted:
			if rest := strings.TrimPrefix(string(datagram), string(c)); c != Refresh && c != DebugMem ||
				rest != "" && rest != "\n" && rest != "\r\n" {
				t.Fatalf("parse(%q) accepted %q", datagram, c)
			}
		case TooLong:
			if len(datagram) <= MaxDatagram {
				t.Fatalf("%d bytes are too long?", len(datagram))
			}
		case NotUTF8:
			if utf8.Valid(datagram) {
				t.Fatalf("%q is valid UTF-8", datagram)
			}
		case Unknown:
			for _, known := range []string{"refresh", "debug_mem"} {
				for _, ending := range []string{"", "\n", "\r\n"} {
					if string(datagram) == known+ending {
						t.Fatalf("parse(%q) does not know the word", datagram)
					}
				}
			}
		default:
			t.Fatalf("parse(%q) has the result %q", datagram, result)
		}
		if result != Accepted && c != "" {
			t.Fatalf("parse(%q) = %q although %s", datagram, c, result)
		}
	})
}
