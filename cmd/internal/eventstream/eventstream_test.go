package eventstream

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	f := func(stream string, want ...Event) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(stream), iotest.OneByteReader(strings.NewReader(stream))} {
			var got []Event
			err := Read(r, func(e Event) error {
				got = append(got, e)
				return nil
			})
			if d := cmp.Diff(want, got); d != "" || err != io.EOF {
				t.Errorf("%q: error %v, -want +got:\n%s", stream, err, d)
			}
		}
	}
	f("")
	f(": hello\n\n", Event{})
	f("event: poll\ndata: {}\n\n", Event{Name: "poll", Data: "{}"})
	f("id: 3\r\nevent:alarm\r\ndata: a\r\ndata:  b\r\n\r\n", Event{ID: "3", Name: "alarm", Data: "a\n b"})
	f("data: 1\n: still here\ndata: 2\n\n", Event{}, Event{Data: "1\n2"})
	f("\n\n\nretry: 100\nunheard: of\n\n")
	f("event: poll\ndata: cut off\n")
}

func TestReadFailure(t *testing.T) {
	f := func(r io.Reader, want string) {
		t.Helper()
		err := Read(r, func(Event) error { return nil })
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	f(iotest.ErrReader(errors.New("gone")), "read events: gone")
	line := "data: " + strings.Repeat("x", MaxBytes/4) + "\n"
	f(strings.NewReader("data: "+strings.Repeat("x", MaxBytes)+"\n\n"), ErrTooLong.Error())
	f(strings.NewReader(strings.Repeat(line, 5)), ErrTooLong.Error())

	stop := errors.New("enough")
	for _, stream := range []string{": c\n", "data: 1\n\n"} {
		if err := Read(strings.NewReader(stream), func(Event) error { return stop }); err != stop {
			t.Errorf("%q: error %v, want that of each", stream, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("event: poll\ndata: {}\n\n: c\n\nid: 1\ndata: a\ndata: b\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		var events []Event
		_ = Read(strings.NewReader(stream), func(e Event) error {
			events = append(events, e)
			return nil
		})
		// What was read and is written again is read as the same.
		var again strings.Builder
		for _, e := range events {
			if e == (Event{}) {
				again.WriteString(":\n\n")
				continue
			}
			fmt.Fprintf(&again, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Name, strings.ReplaceAll(e.Data, "\n", "\ndata: "))
		}
		var second []Event
		_ = Read(strings.NewReader(again.String()), func(e Event) error {
			second = append(second, e)
			return nil
		})
		if d := cmp.Diff(events, second); d != "" {
			t.Errorf("-first +second:\n%s", d)
		}
	})
}
